import { statSync } from 'node:fs'
import { CLOUDS } from '../../core/clouds.ts'
import { LOOPBACK_HOSTS } from '../../core/site.ts'
import type { Environment } from '../env.ts'
import type { EnvChange } from '../env-file.ts'
import { parseAuthority } from '../graph/authority.ts'
import type { Terminal } from '../terminal.ts'
import { type SetupSettings, TENANT_ALIASES } from './settings.ts'

/** What `entrance serve` has to be told, apart from a secret. */
export function toVariables(
  settings: SetupSettings,
  clientId: string,
  tenantId: string,
  credential: string | undefined,
  env: Environment,
): ReadonlyMap<string, string> {
  const alias = TENANT_ALIASES.get(settings.signInAudience)
  return new Map([
    ['ENTRA_PROXY_AZURE_CLIENT_ID', clientId],
    // One that is configured stays as it is written: sign-ins are bound to it.
    ['AZURE_TENANT_ID', alias ?? settings.tenant ?? tenantId],
    ...authorityVariable(settings.authority, env),
    ...addressVariables(settings.url, env),
    ...credentialVariable(credential, env),
    ...(alias && alias !== 'consumers' && !settings.allow.tenants
      ? ([['ENTRANCE_ALLOW_TENANTS', tenantId]] as const)
      : []),
  ])
}

type Variables = readonly (readonly [name: string, value: string])[]

function authorityVariable(authority: string, env: Environment): Variables {
  const given = env.ENTRANCE_AUTHORITY
  if (given && parseAuthority(given) === authority) return [['ENTRANCE_AUTHORITY', given]]
  const isDefault = authority === CLOUDS.get('public')?.login
  return isDefault && !given ? [] : [['ENTRANCE_AUTHORITY', authority]]
}

/** Where the server has to be for the callback that was registered. */
function addressVariables(url: string, env: Environment): Variables {
  const { protocol, hostname, port } = new URL(url)
  const isHere = protocol === 'http:' && LOOPBACK_HOSTS.has(hostname)
  const wanted = port || '80'
  const own: Variables = isHere && (env.PORT || '8000') !== wanted ? [['PORT', wanted]] : []
  const isDefault = url === `http://localhost:${wanted}`
  return isDefault && !env.ENTRANCE_URL ? own : [...own, ['ENTRANCE_URL', url]]
}

function credentialVariable(credential: string | undefined, env: Environment): Variables {
  if (credential !== undefined) return [['ENTRANCE_CREDENTIAL', credential]]
  return env.ENTRANCE_CREDENTIAL ? [['ENTRANCE_CREDENTIAL', 'secret']] : []
}

const SECRET = 'ENTRA_PROXY_AZURE_CLIENT_SECRET'

/** Says what was written; of a secret, that it was. */
export function noteChanges(
  changes: readonly EnvChange[],
  file: string,
  { env, note }: Pick<Terminal, 'env' | 'note'>,
): void {
  for (const { name, value, former } of changes) {
    const shown = name === SECRET ? 'a new client secret' : value
    const kept = former === undefined ? '' : '; the former value stays there as a comment'
    note(`${file}: ${name} is ${shown}${kept}.`)
    // What was loaded from the file is the former value; anything else is the shell's own.
    const own = env[name]
    if (own && own !== value && own !== former) {
      note(`But ${name} is set in this shell too, which beats ${file}: unset it.`)
    }
  }
  const hasSecret = changes.some(({ name }) => name === SECRET)
  if (hasSecret && process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0) {
    note(`Others on this machine can read ${file}: chmod 600 ${file}`)
  }
}
