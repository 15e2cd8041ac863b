import { ConfigError, type ConfigProblem } from '../core/errors.ts'
import type { KeySource, MasterKey } from '../index.ts'
import type { VaultApi, VaultVersion } from './key-vault-api.ts'

/** Where a secret of Azure Key Vault is. */
export type VaultAddress = {
  /** The vault's origin. */
  readonly origin: string
  readonly name: string
}

/** What `ENTRANCE_SECRET` begins with where the keys are in a vault. */
const SCHEME = 'keyvault:'

/** A slip in the scheme must not make a key of an address, which is no secret. */
const ADDRESS = /^[a-z][a-z0-9+.-]*:(https?:)?\/\//i

const WRITE =
  'Write keyvault: and its address, such as keyvault:https://contoso.vault.azure.net/secrets/entrance'

const NO_KEY: ConfigProblem = {
  option: 'ENTRANCE_SECRET',
  problem: 'is an address, which is no key.',
  cure: `${WRITE}; or the key itself, which openssl rand -base64 32 makes.`,
}

/** How often a running server asks, in milliseconds. */
const INTERVAL = 60_000

/**
 * How long after it was made a version is used, in milliseconds: several looks of every server, so
 * that all know it by then. A version that names its own time (`nbf`) is used from then on.
 */
const OVERLAP = 300_000

/** How many versions count, the newest first. */
const MAX_KEYS = 16

/** How often the vault is asked at the start, while what it answers may pass. */
const ATTEMPTS = 5

/** The vault that a text names; undefined where it names none. */
export function resolveKeyVault(
  text: string | undefined,
  problems: ConfigProblem[],
): VaultAddress | undefined {
  if (!text?.startsWith(SCHEME)) {
    if (text && ADDRESS.test(text)) problems.push(NO_KEY)
    return undefined
  }
  const url = URL.parse(text.slice(SCHEME.length).trim())
  const [, name, version] =
    /^\/secrets\/([0-9a-zA-Z-]{1,127})(\/.*)?$/.exec(url?.pathname ?? '') ?? []
  const isPlain = url?.protocol === 'https:' && !url.username && !url.search && !url.hash
  if (isPlain && name && !version) return { origin: url.origin, name }
  problems.push({
    option: 'ENTRANCE_SECRET',
    problem: version
      ? 'names one version of a secret; all that are enabled are read.'
      : 'names no secret of a key vault.',
    cure: `${WRITE}, without a version.`,
  })
  return undefined
}

/**
 * The enabled versions of one secret, as master keys: a new version is a rotation, one that is
 * disabled is retired. Read before it resolves, and every minute from then on. Throws `ConfigError`
 * for what stays as it is.
 */
export async function keyVaultSource(
  api: VaultApi,
  wait: (milliseconds: number) => Promise<unknown>,
  interval = INTERVAL,
): Promise<KeySource> {
  const known = new Map<string, string>()
  const read = () => readKeys(api, known)
  const keys = await insist(read, wait)
  return {
    keys,
    watch({ changed, failed }) {
      let isUnderWay = false
      const timer = setInterval(() => {
        if (isUnderWay) return
        isUnderWay = true
        const settled = read().then(changed, failed)
        void settled.finally(() => {
          isUnderWay = false
        })
      }, interval).unref()
      return () => clearInterval(timer)
    },
  }
}

/** A vault that is away for a moment does not keep a server from starting. */
async function insist<T>(
  read: () => Promise<T>,
  wait: (milliseconds: number) => Promise<unknown>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await read()
    } catch (error) {
      if (error instanceof ConfigError || attempt === ATTEMPTS) throw error
      await wait(500 * 2 ** attempt)
    }
  }
}

/** A version's value never changes, so each is asked for once. */
async function readKeys(api: VaultApi, known: Map<string, string>): Promise<readonly MasterKey[]> {
  const enabled = (await api.versions()).filter(({ isEnabled }) => isEnabled)
  const newest = enabled.toSorted(newestFirst).slice(0, MAX_KEYS)
  if (newest.length === 0) throw api.problem('has no version that is enabled.')
  const keys: MasterKey[] = []
  for (const version of newest) {
    const secret = known.get(version.id) ?? (await api.value(version.id)).trim()
    known.set(version.id, secret)
    keys.push({ secret, activeFrom: version.notBefore ?? version.createdAt + OVERLAP })
  }
  const short = keys.find(({ secret }) => secret.length < 32)
  if (short)
    throw api.problem(
      `has a version of ${short.secret.length} characters; 32 or more are expected.`,
    )
  for (const id of known.keys()) if (!newest.some((version) => version.id === id)) known.delete(id)
  return keys
}

/** The same order on every replica, also of two that were made within one second. */
function newestFirst(a: VaultVersion, b: VaultVersion): number {
  return b.createdAt - a.createdAt || (a.id < b.id ? -1 : 1)
}
