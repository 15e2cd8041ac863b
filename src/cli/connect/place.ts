import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import type { Client, ClientFile, ClientId } from '../../connect/clients.ts'
import type { Environment } from '../env.ts'

/** For this folder only, or for all that this person does. */
export type Scope = 'project' | 'user'

/** The scope that a client's file has where nobody says. */
export function scopeOf({ path }: ClientFile): Scope {
  return path.startsWith('~/') ? 'user' : 'project'
}

/** The path of a client's file in a scope; undefined: it has none there. */
export function findPath(
  { id, file }: Client,
  scope: Scope,
  env: Environment,
  platform: NodeJS.Platform = process.platform,
): string | undefined {
  if (!file) return undefined
  if (scope === 'user') return userPath(id, env, platform)
  return file.path.replace(/^~\//, '')
}

/** Claude Code's own file holds its state besides: only the command may write that. */
function userPath(id: ClientId, env: Environment, platform: NodeJS.Platform): string | undefined {
  const home = homedir()
  switch (id) {
    case 'vscode':
      return join(settingsFolder(home, env, platform), 'Code', 'User', 'mcp.json')
    case 'cursor':
      return join(home, '.cursor', 'mcp.json')
    case 'codex':
      return join(env.CODEX_HOME || join(home, '.codex'), 'config.toml')
    case 'gemini-cli':
      return join(env.GEMINI_CLI_HOME || home, '.gemini', 'settings.json')
    default:
      return undefined
  }
}

/** Where the system has programs keep a person's settings. */
function settingsFolder(home: string, env: Environment, platform: NodeJS.Platform): string {
  if (platform === 'win32') return env.APPDATA || join(home, 'AppData', 'Roaming')
  if (platform === 'darwin') return join(home, 'Library', 'Application Support')
  // XDG: a relative path there is to be ignored.
  const config = env.XDG_CONFIG_HOME ?? ''
  return isAbsolute(config) ? config : join(home, '.config')
}
