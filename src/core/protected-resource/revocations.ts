import type { Log } from '../../log.ts'
import type { Revocation, Store } from '../../stores/store.ts'
import { OAuthError } from '../errors.ts'
import { ACCESS_TOKEN_MAX_TTL } from '../options.ts'
import type { AccessTokenClaims } from '../tokens/access-token.ts'

/** What has been revoked, as this process knows it. */
export type Revocations = {
  /** Ends one grant's access tokens, here at once and on every replica within two seconds. */
  add(grantId: string): Promise<void>
  /** Loads what there is and keeps reading; resolves when `/mcp` may be answered. */
  start(): Promise<void>
  stop(): void
  /** How many rules are held, and seconds since the store was heard; undefined before the first word. */
  status(): { readonly rules: number; readonly silence: number | undefined }
  /** Why a token is refused: throws `invalid_token`, or 503 when the store has been silent. */
  check(claims: AccessTokenClaims): void
}

export type RevocationsOptions = {
  readonly store: Store
  /** Seconds without word from the store after which nothing is vouched for. */
  readonly storeSilenceTtl: number
  readonly clientDigest: (clientId: string) => string
  readonly log: Log
}

/** How often the store is read, in milliseconds: revoked anywhere, refused here within two seconds. */
const POLL = 1000

/** Room for clocks that differ between replicas, in seconds. */
const SKEW = 60

export function createRevocations(options: RevocationsOptions): Revocations {
  const { store } = options
  const rules = new Map<string, Revocation>()
  /** The names of those that the store is known to have. */
  const stored = new Set<string>()
  let cursor: string | undefined
  /** By a clock that nobody sets back. */
  let heardAt = Number.NEGATIVE_INFINITY
  let timer: ReturnType<typeof setTimeout> | undefined
  let isStopped = false

  async function read(): Promise<void> {
    const page = await store.revocations(cursor)
    for (const rule of page.revocations) stored.add(learn(rule))
    cursor = page.cursor
    heardAt = performance.now()
    for (const [name, rule] of rules) if (rule.expiresAt * 1000 <= Date.now()) forget(name)
  }

  function forget(name: string): void {
    rules.delete(name)
    stored.delete(name)
  }

  function learn(rule: Revocation): string {
    const name = nameOf(rule.kind, rule.id)
    const known = rules.get(name)
    if (!known || known.issuedUntil < rule.issuedUntil) rules.set(name, rule)
    return name
  }

  function poll(): void {
    if (isStopped) return
    timer = setTimeout(() => {
      // The guarded store has logged what went wrong; the silence counts from the last success.
      read()
        .catch(() => {})
        .finally(poll)
    }, POLL)
    timer.unref?.()
  }

  function isRevoked(claims: AccessTokenClaims, kind: Revocation['kind'], id: string): boolean {
    const rule = rules.get(nameOf(kind, id))
    return rule !== undefined && claims.iat <= rule.issuedUntil
  }

  return {
    async start() {
      await read()
      poll()
    },
    stop() {
      isStopped = true
      clearTimeout(timer)
    },
    status: () => ({
      rules: rules.size,
      silence: Number.isFinite(heardAt) ? (performance.now() - heardAt) / 1000 : undefined,
    }),
    async add(grantId) {
      // Once is enough: a client that revokes over and over must not fill the store.
      if (stored.has(nameOf('grant', grantId))) return
      const now = Math.floor(Date.now() / 1000)
      const rule: Revocation = {
        kind: 'grant',
        id: grantId,
        // A grant never comes back, so no token of it is ever newer than this.
        issuedUntil: now + SKEW,
        // Of any life: the setting may have been another when they were issued.
        expiresAt: now + ACCESS_TOKEN_MAX_TTL + SKEW,
      }
      const name = learn(rule)
      await store.revoke(rule)
      stored.add(name)
    },
    check(claims) {
      if (performance.now() - heardAt > options.storeSilenceTtl * 1000) throw silence()
      if (rules.size === 0) return
      const isRefused =
        isRevoked(claims, 'grant', claims.gid) ||
        isRevoked(claims, 'person', `${claims.tid}/${claims.oid}`) ||
        isRevoked(claims, 'client', options.clientDigest(claims.client_id)) ||
        isRevoked(claims, 'all', '')
      if (isRefused)
        throw new OAuthError('invalid_token', 'The access token has been revoked. Sign in again.')
    },
  }
}

/** Not 401: the token may be good, and a client would throw it away. */
function silence(): OAuthError {
  const text =
    'The server cannot tell at the moment whether the access token still holds. Try again.'
  return new OAuthError('temporarily_unavailable', text, { retryAfter: 5 })
}

function nameOf(kind: Revocation['kind'], id: string): string {
  return `${kind} ${id}`
}
