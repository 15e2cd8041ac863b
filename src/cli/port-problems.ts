import { ConfigError } from '../core/errors.ts'
import { LOOPBACK_HOSTS } from '../core/site.ts'
import type { Log } from '../log.ts'

/** Why the server's port cannot be had; the error itself where nobody knows. */
export function portProblem(error: unknown, host: string | undefined, port: number): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    const problem = `'${host}' is not an address of this machine.`
    return new ConfigError([{ option: 'HOST', problem, cure: 'Leave it out, or use 127.0.0.1.' }])
  }
  return portInUse(error, 'PORT', port) ?? error
}

/** Why a port cannot be had, under the name of its variable. */
export function portInUse(error: unknown, option: string, port: number): ConfigError | undefined {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE') {
    const problem = `${port} is in use by another program.`
    const other = `${option}=${port < 65_000 ? port + 10 : port - 10}`
    return new ConfigError([{ option, problem, cure: `Stop it, or choose another port: ${other}` }])
  }
  if (code !== 'EACCES') return undefined
  const problem = `${port} may not be used without more rights.`
  return new ConfigError([{ option, problem, cure: 'Choose a port from 1024 to 65535.' }])
}

/** A proxy on this machine may stand in between; if none does, nobody gets through. */
export function warnOfPort(url: string, port: number, log: Log): void {
  const { hostname, protocol, port: given } = new URL(url)
  const named = Number(given || (protocol === 'https:' ? 443 : 80))
  if (!LOOPBACK_HOSTS.has(hostname) || named === port) return
  log({
    event: 'server.other-port',
    level: 'warn',
    message: `ENTRANCE_URL names port ${named}, and this server listens on ${port}: clients must come by ${url}/mcp.`,
  })
}
