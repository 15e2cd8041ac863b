import { checkAllow, resolveAllow } from './allow.ts'
import { checkClients } from './check-clients.ts'
import { checkOptions } from './check-options.ts'
import { checkRegistration, startPolicy } from './check-registration.ts'
import { checkShapes } from './check-shapes.ts'
import { expandPresets } from './clients/presets.ts'
import { loginHost } from './clouds.ts'
import { ConfigError, type ConfigProblem } from './errors.ts'
import { guardLog } from './guarded-log.ts'
import { createKeyring, type KeySource, type MasterKey } from './keys/keyring.ts'
import { digest } from './keys/mac.ts'
import { joinObservers } from './observer.ts'
import type {
  Config,
  ConfiguredClient,
  EntraConfig,
  EntranceOptions,
  EntraOptions,
  LimitOptions,
  RegistrationConfig,
  RegistrationOptions,
} from './options.ts'
import { LOOPBACK_HOSTS, siteFor } from './site.ts'

const DAY = 24 * 60 * 60

const DEFAULTS = {
  scope: 'mcp-access',
  additionalScopes: [],
  path: '/mcp',
  frontDoor: false,
  allowedOrigins: [],
  privateUseRedirectUris: ['cursor://anysphere.cursor-mcp/oauth/callback'],
  allow: {},
  registration: {},
  clients: [],
  consent: 'always',
  accessTokenTtl: 3600,
  grantIdleTtl: 30 * DAY,
  grantMaxTtl: 180 * DAY,
  storeSilenceTtl: 30,
  trustedProxyHops: 0,
  limits: {},
  log: () => {},
  observers: [],
} as const

/** Generous: a company behind one address, and services that connect for everybody, are one each. */
const LIMITS: Required<LimitOptions> = { registrations: 300, signIns: 600, failures: 600 }

/** What is wrong with the settings that a person writes; empty when nothing is. */
export function findConfigProblems(
  options: Pick<EntranceOptions, 'secret' | 'allow' | 'registration' | 'clients'> &
    FetchingOptions & { entra?: EntraOptions },
): ConfigProblem[] {
  const entra = resolveEntra(options.entra ?? PLAUSIBLE_ENTRA)
  const secrets = masterKeysOf(options.secret).map(({ secret }) => secret)
  return [
    ...checkOptions({ ...DEFAULTS, url: options.url, entra, secrets }),
    ...checkAllow(options.allow ?? {}, entra.tenantId),
    ...checkWhoMayAsk({ ...DEFAULTS, ...defined(options) }, entra),
  ]
}

type FetchingOptions = Pick<EntranceOptions, 'url' | 'clientDocuments' | 'clientDocumentHosts'>

function checkWhoMayAsk(
  given: FetchingOptions & Required<Pick<EntranceOptions, 'registration' | 'clients'>>,
  entra: EntraConfig,
): ConfigProblem[] {
  const { url, registration, clients } = given
  return [
    ...checkRegistration(registration, url),
    ...checkClients(clients, startPolicy(url), resolveFetching(given, entra)),
  ]
}

/** Stands in for an app registration where there is none to check. */
const PLAUSIBLE_ENTRA: EntraOptions = {
  tenantId: '00000000-0000-0000-0000-000000000001',
  clientId: '00000000-0000-0000-0000-000000000001',
  clientSecret: 'none',
}

/** Checks the options, all problems at once, and fills in the defaults. Throws `ConfigError`. */
export function resolveOptions(options: EntranceOptions): Config {
  const misshapen = checkShapes(options)
  if (misshapen.length > 0) throw new ConfigError(misshapen)
  const given = { ...DEFAULTS, ...defined(options) }
  const entra = resolveEntra(options.entra)
  const keyring = createKeyring(masterKeysOf(options.secret))
  const problems = [
    ...checkOptions({ ...given, entra, secrets: keyring.secrets }),
    ...checkAllow(given.allow, entra.tenantId),
    ...checkWhoMayAsk(given, entra),
  ]
  if (!options.store) problems.push(STORE_MISSING)
  if (problems.length > 0) throw new ConfigError(problems)

  const base = new URL(options.url)
  const site = siteFor(base, base.host, given.path)
  const isLoopback = LOOPBACK_HOSTS.has(base.hostname)
  const aliases = isLoopback ? [...LOOPBACK_HOSTS].map((name) => hostWith(base, name)) : [base.host]
  const secrets = [...secretsOfCredential(entra), ...secretsOfClients(given.clients)]
  const log = guardLog(given.log, secrets, () => keyring.secrets)
  return Object.freeze({
    ...given,
    site,
    sites: new Map(aliases.map((host) => [host, siteFor(base, host, given.path)])),
    isLoopback,
    limits: given.limits === false ? undefined : { ...LIMITS, ...defined(given.limits) },
    entra,
    binding: digest([entra.authority, entra.tenantId, entra.clientId].join(' ')).slice(0, 6),
    keyring,
    keySource: isKeySource(options.secret) ? options.secret : undefined,
    name: given.name ?? base.host,
    additionalScopes: new Set(given.additionalScopes),
    allowedOrigins: new Set(given.allowedOrigins),
    privateUseRedirectUris: new Set(given.privateUseRedirectUris),
    allow: resolveAllow(given.allow),
    registration: resolveRegistration(given.registration),
    log,
    observe: joinObservers(given.observers, log),
    ...resolveFetching(given, entra),
    fetch: given.fetch ?? globalThis.fetch,
  })
}

/** A list is meant to hold: whoever gives one does not want it ignored. */
function resolveRegistration(options: RegistrationOptions): RegistrationConfig {
  const { mode, allow, adopt = false } = options
  return { mode: mode ?? (allow ? 'allowlist' : 'open'), allow: expandPresets(allow ?? []), adopt }
}

/** What is tried out on this machine, the emulator above all, has no business on the internet. */
function resolveFetching(
  { url, clientDocuments, clientDocumentHosts }: FetchingOptions,
  { authority }: EntraConfig,
): Pick<Config, 'clientDocuments' | 'clientDocumentHosts'> {
  const isLoopback = (text: string) => LOOPBACK_HOSTS.has(URL.parse(text)?.hostname ?? '')
  const isTryout = isLoopback(url) || isLoopback(authority)
  return {
    clientDocuments: clientDocuments ?? (isTryout ? 'pinned' : 'fetch'),
    clientDocumentHosts: clientDocumentHosts && new Set(clientDocumentHosts),
  }
}

/** An empty text is a variable that is not set. */
function masterKeysOf(secret: EntranceOptions['secret'] | undefined): readonly MasterKey[] {
  if (isKeySource(secret)) return secret.keys
  const secrets = [secret ?? []].flat().filter((text) => text !== '')
  return secrets.map((text) => ({ secret: text }))
}

function isKeySource(secret: EntranceOptions['secret'] | undefined): secret is KeySource {
  return typeof secret === 'object' && 'watch' in secret
}

function secretsOfClients(clients: readonly ConfiguredClient[]): readonly string[] {
  return clients.flatMap(({ client_secret }) => client_secret ?? [])
}

function secretsOfCredential({ credential }: EntraConfig): readonly string[] {
  if (credential.kind === 'secret') return [credential.secret]
  return credential.kind === 'managed-identity' ? [credential.identityHeader ?? ''] : []
}

/** An option that is present but undefined means its default. */
function defined<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, v]) => v !== undefined)) as T
}

function resolveEntra(options: EntraOptions): EntraConfig {
  const { authority = 'public', tenantId, clientId, clientSecret = '', credential } = options ?? {}
  return {
    authority: loginHost(authority),
    // GUIDs and domain names are compared by others without regard to case.
    tenantId: (tenantId ?? '').trim().toLowerCase(),
    clientId: (clientId ?? '').trim().toLowerCase(),
    credential: credential ?? { kind: 'secret', secret: clientSecret },
    identifierUri: options?.identifierUri ?? `api://${(clientId ?? '').trim().toLowerCase()}`,
    prompt: options?.prompt ?? 'select_account',
  }
}

function hostWith(base: URL, hostname: string): string {
  return base.port ? `${hostname}:${base.port}` : hostname
}

const STORE_MISSING: ConfigProblem = {
  option: 'store',
  problem: 'is missing.',
  cure: "Pass sqliteStore('entrance.db') from 'entrance/stores/sqlite'.",
}
