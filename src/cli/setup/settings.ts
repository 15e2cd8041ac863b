import type { ConfigProblem } from '../../core/errors.ts'
import { ConfigError } from '../../core/errors.ts'
import { LOOPBACK_HOSTS } from '../../core/site.ts'
import { dataFolder, type Environment, isFromDotEnv } from '../env.ts'
import { readEnvFile } from '../env-file.ts'
import { parseAuthority } from '../graph/authority.ts'
import { AZURE_CLI_CLIENT_ID } from '../graph/device-code.ts'
import type { TokenSource } from '../graph/operator-token.ts'
import type { SignInAudience } from '../registration/types.ts'

/** What `entrance setup` takes on its command line. */
export type SetupOptions = {
  url?: string
  also?: string[]
  name?: string
  clientId?: string
  tenantId?: string
  authority?: string
  accountType?: string
  scope?: string[]
  consentBy?: 'users' | 'admins'
  preAuthorize?: string[]
  operator?: true | string[]
  credential?: string
  issuer?: string
  subject?: string
  newSecret?: boolean
  secretDays?: number
  adminConsent?: boolean
  override?: boolean
  token?: TokenSource
  loginClient?: string
  dotenv?: string
  data?: string
  dryRun?: boolean
  output?: string
  printSecret?: boolean
  yes?: boolean
  json?: boolean
}

export type CredentialKind = 'secret' | 'certificate' | 'workload-identity' | 'managed-identity'

/** Options and environment, joined. */
export type SetupSettings = {
  /** Public base URL, without a slash at the end. */
  readonly url: string
  readonly also: readonly string[]
  readonly name: string | undefined
  readonly clientId: string | undefined
  /** The secret that is configured. */
  readonly secret: string | undefined
  /** As it is configured: an id, a domain, `organizations`; undefined: that of the operator. */
  readonly tenant: string | undefined
  readonly authority: string
  readonly signInAudience: SignInAudience
  readonly scopes: readonly string[]
  readonly consentBy: 'users' | 'admins' | undefined
  readonly preAuthorized: readonly string[]
  /** Sign-in names and object ids of those who are to operate the server. */
  readonly operators: readonly string[]
  /** Whether the app role for that is wanted. */
  readonly hasOperatorRole: boolean
  readonly credential: CredentialKind
  /** The same as `ENTRANCE_CREDENTIAL` has it. */
  readonly credentialText: string
  /** The file of the certificate that is configured. */
  readonly certificateFile: string | undefined
  readonly issuer: string | undefined
  readonly subject: string | undefined
  readonly secretDays: number
  readonly envFile: string
  /** What the file and this process say, joined. */
  readonly env: Environment
  /** What this process has of its own: it beats the file, as it does when the server starts. */
  readonly shell: Environment
  readonly data: string
  readonly allow: {
    readonly groups: boolean
    readonly roles: readonly string[]
    readonly hasNoGuests: boolean
    readonly tenants: boolean
  }
}

/** Words of `--account-type`, narrowest first. */
export const ACCOUNT_TYPE_WORDS: ReadonlyMap<string, SignInAudience> = new Map([
  ['single', 'AzureADMyOrg'],
  ['multiple', 'AzureADMultipleOrgs'],
  ['any', 'AzureADandPersonalMicrosoftAccount'],
  ['personal', 'PersonalMicrosoftAccount'],
])

const BY_TENANT: ReadonlyMap<string, SignInAudience> = new Map([
  ['organizations', 'AzureADMultipleOrgs'],
  ['common', 'AzureADandPersonalMicrosoftAccount'],
  ['consumers', 'PersonalMicrosoftAccount'],
])

/** What the tenant in the URL is for each account type; a single tenant is named by its id. */
export const TENANT_ALIASES: ReadonlyMap<SignInAudience, string> = new Map(
  [...BY_TENANT].map(([alias, audience]) => [audience, alias]),
)

/** Applications that have a name here. */
const CLIENTS: ReadonlyMap<string, string> = new Map([
  ['vscode', 'aebc6443-996d-45c2-90f0-388ff96faa56'],
  ['az', AZURE_CLI_CLIENT_ID],
])

const KINDS: readonly string[] = ['secret', 'certificate', 'workload-identity', 'managed-identity']
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const SIGN_IN_NAME = /^[^\s@/?]{1,200}@[^\s@/?]{1,200}$/
const MAX_NAME = 120

/** Joins options and environment. Throws a `ConfigError` with everything that is wrong. */
export function resolveSetupSettings(options: SetupOptions, given: Environment): SetupSettings {
  const envFile = options.dotenv ?? '.env'
  // Not what `.env` has put there: where another file is written, that is about another server.
  const own = Object.entries(given).filter(([name]) => !isFromDotEnv(name))
  const shell: Environment = Object.fromEntries(own)
  const env: Environment = { ...Object.fromEntries(readEnvFile(envFile)), ...shell }
  const problems: ConfigProblem[] = []
  const port = env.PORT || '8000'
  const url = options.url || env.ENTRANCE_URL || `http://localhost:${port}`
  const tenant = options.tenantId || env.AZURE_TENANT_ID || undefined
  const credential = credentialText(options.credential, env.ENTRANCE_CREDENTIAL)
  const [kind = '', file] = split(credential)
  const settings: SetupSettings = {
    url: readUrl('--url', url, problems),
    also: (options.also ?? []).map((one) => readUrl('--also', one, problems)),
    name: options.name,
    clientId: options.clientId || env.ENTRA_PROXY_AZURE_CLIENT_ID || undefined,
    secret: env.ENTRA_PROXY_AZURE_CLIENT_SECRET || undefined,
    tenant,
    authority: parseAuthority(options.authority || env.ENTRANCE_AUTHORITY),
    signInAudience:
      ACCOUNT_TYPE_WORDS.get(options.accountType ?? '') ??
      BY_TENANT.get(tenant ?? '') ??
      'AzureADMyOrg',
    scopes: options.scope ?? [],
    consentBy: options.consentBy,
    preAuthorized: (options.preAuthorize ?? []).map((one) => CLIENTS.get(one) ?? one),
    operators: Array.isArray(options.operator) ? options.operator : [],
    // Without a token it is the only thing that opens the operator's API.
    hasOperatorRole:
      options.operator !== undefined ||
      Boolean(env.ENTRANCE_OPERATOR_PORT && !env.ENTRANCE_OPERATOR_TOKEN),
    credential: kind as CredentialKind,
    credentialText: credential,
    certificateFile: kind === 'certificate' ? file : undefined,
    issuer: options.issuer,
    subject: options.subject,
    secretDays: options.secretDays ?? 365,
    envFile,
    env,
    shell,
    data: dataFolder(options.data, env),
    allow: {
      groups: Boolean(env.ENTRANCE_ALLOW_GROUPS),
      roles: (env.ENTRANCE_ALLOW_ROLES ?? '').split(/[\s,]+/).filter(Boolean),
      hasNoGuests: env.ENTRANCE_ALLOW_GUESTS === 'off',
      tenants: Boolean(env.ENTRANCE_ALLOW_TENANTS),
    },
  }
  // Of one that is configured for an application that is there, it need not be said again.
  const isKnown = options.credential === undefined && settings.clientId !== undefined
  problems.push(...findProblems(settings), ...findUnused(options, kind))
  problems.push(...(isKnown ? [] : findFederatedProblems(settings)))
  if (problems.length > 0) throw new ConfigError(problems)
  return settings
}

/** Of the same kind, the one that is configured says more: which file, which identity. */
function credentialText(option: string | undefined, configured: string | undefined): string {
  if (!option) return configured || 'secret'
  return configured?.startsWith(`${option}:`) ? configured : option
}

/** `certificate:entra.pem`: the kind, and what it is about. */
function split(text: string): string[] {
  const colon = text.indexOf(':')
  return colon < 0 ? [text] : [text.slice(0, colon), text.slice(colon + 1)]
}

/** The base URL without a slash at its end; Entra takes http for localhost only. */
function readUrl(option: string, text: string, problems: ConfigProblem[]): string {
  const url = URL.parse(text)
  const isLocal = LOOPBACK_HOSTS.has(url?.hostname ?? '')
  const isGood = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLocal)
  if (
    url &&
    isGood &&
    !url.search &&
    !url.hash &&
    !url.username &&
    !/\/(mcp|auth\/callback)\/?$/.test(url.pathname)
  ) {
    return `${url.origin}${url.pathname}`.replace(/\/+$/, '')
  }
  const problem = `'${text.replace(/\/\/[^/]*@/, '//')}' is not the base URL of a server.`
  const cure = 'Write https:// and the host, without /mcp or /auth/callback; http is for localhost.'
  problems.push({ option, problem, cure })
  return text
}

function findProblems(settings: SetupSettings): ConfigProblem[] {
  const { clientId, credential, issuer, name, operators, preAuthorized, scopes } = settings
  const problems: ConfigProblem[] = []
  const add = (option: string, problem: string, cure: string) =>
    problems.push({ option, problem, cure })
  if (clientId !== undefined && !GUID.test(clientId)) {
    add(
      'ENTRA_PROXY_AZURE_CLIENT_ID',
      `'${clientId}' is not a client id.`,
      'Give a GUID, or leave it out to have an application made.',
    )
  }
  if (!KINDS.includes(credential)) {
    add('--credential', `'${credential}' is not known.`, `Use one of ${KINDS.join(', ')}.`)
  }
  if (issuer !== undefined && URL.parse(issuer)?.protocol !== 'https:') {
    add(
      '--issuer',
      `'${issuer}' is not an issuer.`,
      'Write https:// and what its tokens have in iss.',
    )
  }
  if (
    name !== undefined &&
    (name.trim() === '' || name.length > MAX_NAME || /\p{Cc}/u.test(name))
  ) {
    add(
      '--name',
      'is empty, too long, or has control characters.',
      `Give 1 to ${MAX_NAME} characters.`,
    )
  }
  for (const one of preAuthorized.filter((id) => !GUID.test(id))) {
    add('--pre-authorize', `'${one}' is not a client id.`, 'Give a GUID, vscode or az.')
  }
  for (const one of operators.filter((name) => !GUID.test(name) && !SIGN_IN_NAME.test(name))) {
    const problem = `'${one.slice(0, 100)}' is neither a sign-in name nor an object id.`
    add('--operator', problem, 'Write it like alice@example.com.')
  }
  for (const one of scopes.filter((scope) => !/^[\w.:-]{1,120}$/.test(scope))) {
    add('--scope', `'${one}' cannot be the name of a scope.`, 'Use letters, digits and . _ : -')
  }
  return problems
}

/** Whose tokens the application is to trust. */
function findFederatedProblems({ credential, issuer, subject }: SetupSettings): ConfigProblem[] {
  if (credential === 'workload-identity' && !(issuer && subject)) {
    const problem = 'are needed with --credential workload-identity.'
    const cure =
      'Give the OIDC issuer of the cluster, and system:serviceaccount:<namespace>:<name>.'
    return [{ option: '--issuer, --subject', problem, cure }]
  }
  if (credential === 'managed-identity' && !GUID.test(subject ?? '')) {
    const problem = subject
      ? `'${subject}' is not an object id, which --credential managed-identity needs.`
      : 'is needed with --credential managed-identity.'
    const cure = 'Give the object (principal) id of the managed identity.'
    return [{ option: '--subject', problem, cure }]
  }
  return []
}

/** Options that would do nothing: whoever gives one believes that it does. */
function findUnused(options: SetupOptions, kind: string): ConfigProblem[] {
  const isFederated = kind === 'workload-identity' || kind === 'managed-identity'
  const isOthersToken = options.token !== undefined && options.token !== 'device-code'
  const unused: [option: string, isUnused: boolean, goesWith: string][] = [
    ['--issuer', options.issuer !== undefined && !isFederated, '--credential workload-identity'],
    ['--subject', options.subject !== undefined && !isFederated, '--credential managed-identity'],
    ['--new-secret', options.newSecret === true && kind !== 'secret', '--credential secret'],
    ['--secret-days', options.secretDays !== undefined && isFederated, '--credential secret'],
    ['--login-client', options.loginClient !== undefined && isOthersToken, '--token device-code'],
  ]
  return unused
    .filter(([, isUnused]) => isUnused)
    .map(([option, , goesWith]) => ({
      option,
      problem: `does nothing here: it goes with ${goesWith}.`,
      cure: `Leave it out, or give ${goesWith}.`,
    }))
}
