import { CommandError } from '../exit-codes.ts'
import { printableLine } from '../terminal.ts'

/** What Microsoft Graph answered in place of what was asked for. */
export class GraphError extends CommandError {
  override readonly name = 'GraphError'
  readonly status: number
  /** Graph's own word, such as `Authorization_RequestDenied`. */
  readonly code: string
  /** What Microsoft's support asks for. */
  readonly requestId: string | undefined

  constructor(doing: string, status: number, { code, message, requestId }: GraphProblem) {
    const reference = requestId ? ` (request ${requestId})` : ''
    super(`${doing}: Microsoft Graph answered ${status} ${code}: ${message}${reference}`, {
      cure: cureOf(status, code, message),
    })
    this.status = status
    this.code = code
    this.requestId = requestId
  }
}

/** The part of Graph's error body that says something. */
export type GraphProblem = {
  readonly code: string
  readonly message: string
  readonly requestId: string | undefined
}

/** Reads an error body; anything may stand there, a proxy's page included. */
export function parseGraphProblem(text: string, headers: Headers): GraphProblem {
  const requestId = headers.get('request-id') ?? undefined
  try {
    const { error } = JSON.parse(text) as { error?: Record<string, unknown> }
    const inner = error?.innerError as Record<string, unknown> | undefined
    const id = requestId ?? (inner?.['request-id'] as string | undefined)
    return {
      code: printableLine(String(error?.code ?? 'without a code')).slice(0, 100),
      message: printableLine(String(error?.message ?? '')).slice(0, 500),
      requestId: id && printableLine(String(id)).slice(0, 64),
    }
  } catch {
    return { code: 'without a code', message: printableLine(text).slice(0, 200), requestId }
  }
}

/** Whether rights are missing: an administrator has to do it, or another account. */
export function isDenied(error: unknown): error is GraphError {
  if (!(error instanceof GraphError) || error.status !== 403) return false
  // What the tenant's policy forbids is forbidden to administrators too.
  return !isReplicating(error) && !error.code.endsWith('AsPerAppPolicy')
}

/** Whether the thing exists already. */
export function isConflict(error: unknown): error is GraphError {
  if (!(error instanceof GraphError)) return false
  return error.status === 409 || /already exists|same value for property/i.test(error.message)
}

/** Of an application, and of an app role, that the directory is still copying. */
const NOT_YET = [
  'does not reference a valid application object',
  'Permission being assigned was not found on application',
]

/** The answers that a write right behind another one can get: they pass within two minutes. */
export function isReplicating(error: unknown): boolean {
  if (!(error instanceof GraphError)) return false
  const { status, code, message } = error
  if (status === 404) return code === 'Request_ResourceNotFound'
  if (status === 400) return NOT_YET.some((words) => message.includes(words))
  return status === 403 && message.includes('backing application of the service principal')
}

const BY_CODE: ReadonlyMap<string, string> = new Map([
  [
    'InvalidAuthenticationToken',
    'The token has expired or is not one for Microsoft Graph: sign in again (az login), or give a new one.',
  ],
  [
    'Authorization_RequestDenied',
    'The account may not do this. The role Application Developer, Cloud Application Administrator or Application Administrator lets it register applications; an administrator can do it instead: entrance setup --output request.md',
  ],
  [
    'Authorization_IdentityNotFound',
    'The account is not one of this tenant: sign in to the tenant that --tenant-id names.',
  ],
  [
    'HostNameNotOnVerifiedDomain',
    'The Application ID URI has to be api://<client id>, or below a verified domain of the tenant.',
  ],
  [
    'CannotDeleteOrUpdateEnabledEntitlement',
    'A scope is changed only while it is disabled: disable it under Expose an API first.',
  ],
  [
    'CredentialTypeNotAllowedAsPerAppPolicy',
    'The tenant forbids client secrets: use --credential certificate, workload-identity or managed-identity.',
  ],
  [
    'CredentialLifetimeExceedsMaxValueAsPerAppPolicy',
    'The tenant limits how long a secret may live: give fewer days with --secret-days.',
  ],
  [
    'TooManyRequests',
    'Microsoft Graph asks to be left alone for a while: run it again in some minutes; it goes on where it stopped.',
  ],
])

const TAKEN =
  'Another application has it, perhaps a deleted one: those keep their names for 30 days. Look under App registrations → All applications, and Deleted applications: restore it or delete it there, or give --name another name.'

function cureOf(status: number, code: string, message: string): string {
  const known = BY_CODE.get(code)
  if (known) return known
  if (/same value for property (uniqueName|identifierUris)/i.test(message)) return TAKEN
  if (/redirectUris/i.test(message) && /entries|too many|limit|maximum/i.test(message)) {
    return 'Remove redirect URIs that nobody uses under Authentication, or give --name another name for an application of its own.'
  }
  if (/identifier URI/i.test(message)) return BY_CODE.get('HostNameNotOnVerifiedDomain') as string
  if (/policy/i.test(message) && /lifetime|long|days/i.test(message)) {
    return BY_CODE.get('CredentialLifetimeExceedsMaxValueAsPerAppPolicy') as string
  }
  if (status === 404) {
    return 'It does not exist in this tenant. Is the tenant the right one? An object id is not a client id: applications have both.'
  }
  if (status >= 500 || status === 429)
    return 'Run it again in some minutes; it goes on where it stopped.'
  if (status === 401 || status === 403) return BY_CODE.get('Authorization_RequestDenied') as string
  return 'Run it with --dry-run to see the calls; support at Microsoft asks for the request id.'
}
