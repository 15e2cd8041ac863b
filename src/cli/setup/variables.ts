import { statSync } from 'node:fs'
import { CLOUDS } from '../../core/clouds.ts'
import { LOOPBACK_HOSTS } from '../../core/site.ts'
import type { Environment } from '../env.ts'
import type { EnvChange } from '../env-file.ts'
import { parseAuthority } from '../graph/authority.ts'
import { printableLine } from '../terminal.ts'
import { findTracking } from './git.ts'
import { type SetupSettings, TENANT_ALIASES } from './settings.ts'

/** What `entrance serve` has to be told, apart from a secret. */
export function toVariables(
  settings: SetupSettings,
  clientId: string,
  tenantId: string,
  credential: string | undefined,
): ReadonlyMap<string, string> {
  const { env } = settings
  const alias = TENANT_ALIASES.get(settings.signInAudience)
  const isAlias = [...TENANT_ALIASES.values()].includes(settings.tenant ?? '')
  return new Map([
    ['ENTRA_PROXY_AZURE_CLIENT_ID', clientId],
    // One that is configured stays as it is written: sign-ins are bound to it.
    ['AZURE_TENANT_ID', alias ?? (isAlias ? tenantId : (settings.tenant ?? tenantId))],
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

/** Says what was written: of a secret that it was, of another value what it was before. */
export function noteChanges(
  changes: readonly EnvChange[],
  { envFile, shell }: Pick<SetupSettings, 'envFile' | 'shell'>,
  note: (text: string) => void,
): void {
  if (changes.length === 0) return
  note(`Wrote ${changes.length === 1 ? 'one value' : `${changes.length} values`} to ${envFile}.`)
  for (const { name, value, former } of changes) {
    if (former !== undefined) {
      const what = name === SECRET ? 'is a new one' : `is ${value} now, and was ${former}`
      note(printableLine(`  ${name} ${what}; the former value stays there as a comment.`))
    }
    if (shell[name] && shell[name] !== value) {
      note(`But ${name} is set in this shell too, which beats ${envFile}: unset it.`)
    }
  }
  if (changes.some(({ former }) => former !== undefined)) {
    note('A server that is running has the former values still: start it anew.')
  }
  if (changes.some(({ name }) => name === SECRET)) noteExposure(envFile, note)
}

/** Who else may get to see the secret. */
function noteExposure(file: string, note: (text: string) => void): void {
  if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0) {
    note(`Others on this machine can read ${file}: chmod 600 ${file}`)
  }
  const tracking = findTracking(file)
  if (tracking === 'tracked') {
    note(`Git has ${file}, and the next commit would publish the secret: git rm --cached ${file}`)
  } else if (tracking === 'open') {
    note(`Git does not ignore ${file}, which has a secret in it: add it to .gitignore.`)
  }
}
