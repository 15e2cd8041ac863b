import { findAadsts } from '../../aadsts/find.ts'
import { graphOrigin } from '../clouds.ts'
import { EntraError } from '../errors.ts'
import { type EntraMetadata, readText } from './metadata.ts'
import { explainUnreachable } from './unreachable.ts'

/** The one permission that it takes: people may read their own profile, their groups included. */
const PERMISSION = 'User.Read'

/** So many groups Graph takes in one call. */
const MAX_GROUPS = 20

/** How long a look-up may take, all of it, in milliseconds. */
const TIMEOUT = 5000

export type GroupLookup = {
  readonly metadata: EntraMetadata
  readonly authority: string
  /** Gets a token with this scope that stands for the person. */
  readonly exchange: (scope: string, signal: AbortSignal) => Promise<string>
  readonly fetch: typeof fetch
}

type Call = {
  readonly graph: string
  readonly token: string
  readonly fetch: typeof fetch
  readonly signal: AbortSignal
}

/** What people have to consent to before their groups can be looked up, as a scope of Entra's. */
export function graphScope({ msgraph_host: host }: EntraMetadata, authority: string): string {
  // Where the host is nobody's, there is no scope either.
  graphOrigin(authority, host)
  return `https://${host}/${PERMISSION}`
}

/**
 * Whether the person is in any of these groups, or in a group within one. Graph is asked about
 * these alone, so that nobody's other groups are learnt. Throws `EntraError`.
 */
export async function isInAnyGroup(ids: readonly string[], lookup: GroupLookup): Promise<boolean> {
  const { metadata, authority, exchange, fetch } = lookup
  const signal = AbortSignal.timeout(TIMEOUT)
  try {
    const graph = graphOrigin(authority, metadata.msgraph_host)
    const token = await exchange(graphScope(metadata, authority), signal)
    for (let start = 0; start < ids.length; start += MAX_GROUPS) {
      const asked = ids.slice(start, start + MAX_GROUPS)
      const found = await checkMemberGroups(asked, { graph, token, fetch, signal })
      if (found.some((id) => asked.includes(id))) return true
    }
    return false
  } catch (error) {
    throw error instanceof EntraError ? notLookedUp(error) : error
  }
}

async function checkMemberGroups(groupIds: readonly string[], call: Call): Promise<string[]> {
  const response = await request(groupIds, call)
  const text = await readText(response)
  if (!response.ok) throw refused(response.status, text)
  const found = parseIds(text)
  if (!found) throw unreachable('what it answered is no list of groups')
  return found
}

async function request(groupIds: readonly string[], call: Call): Promise<Response> {
  const { graph, token, signal, fetch } = call
  try {
    return await fetch(`${graph}/v1.0/me/checkMemberGroups`, {
      method: 'POST',
      signal,
      redirect: 'error',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        accept: 'application/json',
      },
      body: JSON.stringify({ groupIds }),
    })
  } catch (cause) {
    const { why, cure } = explainUnreachable(cause)
    throw unreachable(why, { cure, cause })
  }
}

function parseIds(text: string | undefined): string[] | undefined {
  const value = readJson(text)?.value
  const isList = Array.isArray(value) && value.every((id) => typeof id === 'string')
  return isList ? value.map((id: string) => id.toLowerCase()) : undefined
}

function readJson(text: string | undefined): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(text ?? '')
    const isObject = typeof parsed === 'object' && parsed !== null
    return isObject ? (parsed as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function refused(status: number, text: string | undefined): EntraError {
  if (status === 429 || status >= 500) return unreachable(`it answered with status ${status}`)
  const { code } = (readJson(text)?.error ?? {}) as { code?: unknown }
  const word = /^\w{1,64}$/.exec(String(code))?.[0] ?? 'no code'
  return new EntraError(`Microsoft Graph answered with status ${status} (${word}).`, {
    isTransient: false,
    cure: status === 401 || status === 403 ? CONSENT : IDS,
  })
}

function unreachable(why: string, trouble: { cure?: string; cause?: unknown } = {}): EntraError {
  const { cure = 'Try again in a moment.', cause } = trouble
  return new EntraError(`Microsoft Graph is not answering: ${why}.`, {
    isTransient: true,
    cure,
    cause,
  })
}

const IDS = 'Check the object ids of the option allow.groups.'

const CONSENT = `Under 'API permissions' of the app registration, add Microsoft Graph's delegated permission ${PERMISSION} and consent to it; then sign in again.`

/** Of what Entra says about a look-up, only this is about the person; all else is to be mended here. */
function meaningOf({ code, error }: EntraError): string | undefined {
  if (code === 65001 || error === 'consent_required') return 'consent_required'
  if (error === 'interaction_required') return error
  // Such as a policy that blocks them: it will not let them in at the next attempt either.
  return findAadsts(code, error).isPersons ? 'access_denied' : undefined
}

function notLookedUp(error: EntraError): EntraError {
  const meaning = meaningOf(error)
  return new EntraError(`The groups of the account cannot be looked up. ${error.message}`, {
    ...error,
    error: meaning,
    isTransient: error.isTransient,
    cure: meaning === 'consent_required' ? CONSENT : error.cure,
    cause: error,
  })
}
