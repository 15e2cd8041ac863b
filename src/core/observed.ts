import type { Log } from '../log.ts'
import type { Store } from '../stores/store.ts'
import type { Observe, Verdict } from './observer.ts'
import { CLOCK_SKEW } from './options.ts'
import type { Authenticate } from './protected-resource/authenticate.ts'

/** The store, each of whose operations is a step. */
export function observeStore(store: Store, { step }: Observe): Store {
  const count = store.count?.bind(store)
  const timed = <T>(name: string, run: () => Promise<T>) => step({ kind: 'store', name }, run)
  return {
    ...store,
    get: (key) => timed('get', () => store.get(key)),
    create: (record) => timed('create', () => store.create(record)),
    replace: (record, version) => timed('replace', () => store.replace(record, version)),
    delete: (key) => timed('delete', () => store.delete(key)),
    list: (by) => timed('list', () => store.list(by)),
    ...(count && { count: (by) => timed('count', () => count(by)) }),
    page: (query) => timed('page', () => store.page(query)),
    revoke: (revocation) => timed('revoke', () => store.revoke(revocation)),
    revocations: (cursor) => timed('revocations', () => store.revocations(cursor)),
  }
}

/** The gate, each of whose verdicts is told. */
export function observeGate(authenticate: Authenticate, { gate }: Observe): Authenticate {
  if (!gate) return authenticate
  return (headers) => {
    const answer = authenticate(headers)
    gate(answer.isAllowed ? 'allowed' : verdictOf(answer.refusal))
    return answer
  }
}

/** Requests to the MCP endpoint, each of which is a call for those who want to be told. */
export function observeCalls<Given extends [Request, ...unknown[]]>(
  path: string,
  answer: (...given: Given) => Promise<Response>,
  { call }: Observe,
): (...given: Given) => Promise<Response> {
  if (!call) return answer
  return (...given) => {
    const [request] = given
    return call({ kind: 'request', name: path, request }, () => answer(...given))
  }
}

/** RFC 6750 §3.1: without a token, a challenge names no error. */
function verdictOf(refusal: {
  status: number
  headers: Readonly<Record<string, string>>
}): Verdict {
  if (refusal.status === 503) return 'unavailable'
  const challenge = refusal.headers['www-authenticate']
  if (challenge === undefined) return 'forbidden'
  if (refusal.status === 403) return 'insufficient_scope'
  return challenge.includes('error="') ? 'invalid_token' : 'no_token'
}

/** How Entra answered when it was last asked; nothing is known before. */
export type EntraState = 'unknown' | 'reachable' | 'unreachable'

/** Entra's `fetch`, each of whose calls is a step, and whose last outcome is remembered. */
export function observeEntra(fetchEntra: typeof fetch, { step }: Observe, log: Log) {
  let state: EntraState = 'unknown'
  const compareClock = createClockTeller(log)

  async function call(...request: Parameters<typeof fetch>): Promise<Response> {
    try {
      const response = await fetchEntra(...request)
      state = response.status < 500 ? 'reachable' : 'unreachable'
      compareClock(response.headers)
      return response
    } catch (error) {
      state = 'unreachable'
      throw error
    }
  }

  return {
    fetch: ((...request) => {
      const [input] = request
      const { pathname, hostname: host } = new URL(input instanceof Request ? input.url : input)
      return step({ kind: 'entra', name: endpointOf(pathname), host }, () => call(...request))
    }) as typeof fetch,
    state: () => state,
  }
}

/** How often the log says again that this machine's clock is wrong, in milliseconds. */
const REMINDER = 3_600_000

/** Holds this machine's clock against Entra's, which every replica has in common (RFC 9110 §6.6.1). */
function createClockTeller(log: Log): (headers: Headers) => void {
  let toldAt = Number.NEGATIVE_INFINITY
  return (headers) => {
    const ahead = Math.round((Date.now() - Date.parse(headers.get('date') ?? '')) / 1000)
    // What a cache on the way has kept is of another time.
    const isOff = Math.abs(ahead) > CLOCK_SKEW && !headers.has('age')
    if (!isOff || performance.now() - toldAt < REMINDER) return
    toldAt = performance.now()
    const message = `This machine's clock is ${Math.abs(ahead)} seconds ${ahead > 0 ? 'ahead of' : 'behind'} Entra's. Set it right: by 5 minutes nobody can sign in any more, and replicas may be ${CLOCK_SKEW} seconds apart.`
    log({ event: 'clock.off', level: 'warn', message, ahead })
  }
}

/** By how its path ends: the rest of it names tenants and people. */
function endpointOf(pathname: string): string {
  if (pathname.endsWith('/openid-configuration')) return 'metadata'
  if (pathname.endsWith('/keys')) return 'keys'
  if (pathname.endsWith('/oauth2/v2.0/token')) return 'token'
  return pathname.includes('/v1.0/') ? 'graph' : 'other'
}
