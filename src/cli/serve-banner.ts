import { styleText } from 'node:util'
import { findCloud, loginHost } from '../core/clouds.ts'
import type { RunningEmulator } from '../emulator/emulator.ts'
import type { Log } from '../log.ts'
import { environment, type ServeSettings } from './env.ts'
import { commandName } from './terminal.ts'

export type Banner = {
  readonly url: string
  readonly port: number
  /** Where the operator asks. */
  readonly operatorPort: number | undefined
  readonly emulator: RunningEmulator | undefined
  readonly settings: ServeSettings
  readonly log: Log
}

/** Says that the server is ready, and what to do next: as text for a person, or as an event. */
export function writeBanner(banner: Banner): void {
  const { url, emulator, settings } = banner
  if (settings.logFormat === 'json') {
    const signInWith = emulator ? emulator.origin : entraOf(settings)
    const letsIn = rulesOf(settings)
    const { port, operatorPort } = banner
    const fields = {
      url: `${url}/mcp`,
      port,
      operatorPort,
      signInWith,
      letsIn,
      data: settings.data,
    }
    banner.log({ event: 'server.listening', message: `Listening at ${url}/mcp.`, ...fields })
    return
  }
  process.stdout.write(`${textOf(banner).join('\n')}\n\n`)
}

function textOf({ url, emulator, settings, operatorPort }: Banner): string[] {
  const bold = (text: string) => styleText('bold', text, { stream: process.stdout })
  const entra = settings.entra === 'emulator' ? undefined : settings.entra
  const signIn = emulator
    ? `the Entra ID emulator at ${emulator.origin}: choose Alice or Bob, no password`
    : `${entraOf(settings)}, tenant ${entra?.tenantId}`
  const callback = emulator
    ? []
    : [`  Redirect URI    ${url}/auth/callback   (Web, in the app registration)`]
  const rules = rulesOf(settings)
  // Nobody may register then: it takes a client of the file, whose redirect URI is the command's.
  const asClient = settings.registration.mode === 'off' ? ' --client-id <id>' : ''
  return [
    '',
    `  ${bold('Expenses MCP server')}, guarded by Entrance`,
    '',
    `  MCP endpoint    ${bold(`${url}/mcp`)}`,
    `  In a browser    ${url}/   (how to connect a client)`,
    `  Sign-in with    ${signIn}`,
    ...callback,
    ...(rules ? [`  Lets in         whoever meets: ${rules}`] : []),
    ...routesBesides(url),
    `  Data            ${settings.data}`,
    ...(operatorPort === undefined
      ? []
      : [`  Operator        port ${operatorPort}: /healthz, /readyz, /metrics`]),
    '',
    `  Try it          ${commandName(environment())} client login ${url}/mcp${asClient}`,
    '  Stop            Ctrl-C',
  ]
}

/** A login host that is none of Microsoft's clouds is named: it may be an emulator. */
function entraOf({ entra }: ServeSettings): string {
  const authority = loginHost((entra !== 'emulator' && entra.authority) || 'public')
  return findCloud(authority) ? 'Microsoft Entra ID' : `Microsoft Entra ID at ${authority}`
}

/** Which rules are in force; undefined where everybody comes in whom Entra lets in. */
function rulesOf({ allow }: ServeSettings): string | undefined {
  const { tenants, users, groups, roles, guests } = allow
  const rules = Object.entries({ tenants, users, groups, roles }).flatMap(([name, list]) =>
    list ? `${name} (${[list].flat().join() === 'any' ? 'any' : list.length})` : [],
  )
  return [...rules, ...(guests === false ? ['no guests'] : [])].join(', ') || undefined
}

/** Where the URL has a path, a proxy may pass on that alone: clients look at the root as well. */
function routesBesides(url: string): string[] {
  const { origin, pathname } = new URL(url)
  if (pathname === '/') return []
  const known = `${origin}/.well-known`
  return [
    `  Route here too  ${known}/oauth-protected-resource${pathname}/mcp`,
    `                  ${known}/oauth-authorization-server${pathname}`,
    `                  ${known}/openid-configuration${pathname}`,
  ]
}
