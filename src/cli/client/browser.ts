import { spawn } from 'node:child_process'
import { childEnvironment } from '../child-environment.ts'
import type { Environment } from '../env.ts'

/** Whether there is a browser to open. Without a screen, one might open in this very terminal. */
export function canOpenBrowser(env: Environment, platform: NodeJS.Platform): boolean {
  if (platform === 'darwin' || platform === 'win32') return true
  return Boolean(env.DISPLAY || env.WAYLAND_DISPLAY || env.BROWSER)
}

/**
 * Opens the address in the person's browser. The address goes to the program as one argument, never
 * through a shell; whether it worked is not known, so the address is always printed as well.
 */
export function openBrowser(url: URL): void {
  const [program, ...args] = browserCommand(url, process.platform)
  if (!program) return
  const env = childEnvironment()
  const child = spawn(program, args, { env, stdio: 'ignore', detached: true, shell: false })
  // No such program: the person opens the printed address.
  child.on('error', () => {})
  child.unref()
}

/** The program and arguments that open an address, by operating system. */
export function browserCommand(url: URL, platform: NodeJS.Platform): readonly string[] {
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return []
  if (platform === 'darwin') return ['open', url.href]
  if (platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler', url.href]
  return ['xdg-open', url.href]
}
