import type { Log } from '../../log.ts'
import type { Revocation, Store } from '../../stores/store.ts'
import { OAuthError } from '../errors.ts'
import { ACCESS_TOKEN_MAX_TTL, CLOCK_SKEW } from '../options.ts'
import type { AccessTokenClaims } from '../tokens/access-token.ts'

/** Whose sign-ins are ended together. */
export type RevokedKind = Exclude<Revocation['kind'], 'grant'>

/** What has been revoked, as this process knows it. */
export type Revocations = {
  /** Ends one grant's access tokens, here at once and on every replica within two seconds. */
  add(grantId: string): Promise<void>
  /** Whether one grant's access tokens have been ended, as far as this process knows. */
  has(grantId: string): boolean
  /**
   * Ends all that was signed in until now: of a person, of a client, or of everybody. Tokens are
   * judged by when their grant was made, so one that is renewed meanwhile is refused as well.
   */
  end(kind: RevokedKind, id: string): Promise<Revocation>
  /** Up to when the sign-ins of a person with a client have been ended; 0 where none were. */
  endedUntil(person: string, clientDigest: string): number
  /** Reads what has been revoked anywhere until now. */
  catchUp(): Promise<void>
  /** Loads what there is and keeps reading; resolves when `/mcp` may be answered. */
  start(): Promise<void>
  stop(): void
  /** How many rules are held, and seconds since the store was heard; undefined before the first word. */
  status(): { readonly rules: number; readonly silence: number | undefined }
  /** Why a token is refused: throws `invalid_token`, or 503 when the store has been silent. */
  check(claims: AccessTokenClaims): void
  /** Throws 503 when the store has been silent: what is begun now could not be finished. */
  checkHeard(): void
  /** Calls back every second, and whenever something new may have been learnt. */
  subscribe(listener: () => void): void
}

export type RevocationsOptions = {
  readonly store: Store
  /** Seconds without word from the store after which nothing is vouched for. */
  readonly storeSilenceTtl: number
  /** A grant lives no longer, in seconds. */
  readonly grantMaxTtl: number
  readonly clientDigest: (clientId: string) => string
  readonly log: Log
}

/** How often the store is read, in milliseconds: revoked anywhere, refused here within two seconds. */
const POLL = 1000

/** How long after word of a revocation the store is read, in milliseconds: many come at once. */
const HASTE = 20

/** How many readings may be under way: the store is asked every second though one hangs. */
const MAX_READINGS = 6

/** How often rules that no longer matter are dropped, in milliseconds. */
const SWEEP = 30_000

export function createRevocations(options: RevocationsOptions): Revocations {
  const { store } = options
  const rules = createRules()
  const listeners: (() => void)[] = []
  let cursor: string | undefined
  /** By a clock that nobody sets back. */
  let heardAt = Number.NEGATIVE_INFINITY
  let readings = 0
  let isHastened = false
  let timer: ReturnType<typeof setTimeout> | undefined
  let isStopped = false
  let unwatch: (() => void) | undefined

  /** What one page leaves is read at once: a start takes in all there is. */
  async function read(): Promise<void> {
    // The answer holds for when it was asked for, however long it took.
    const askedAt = performance.now()
    for (let isMore = true; isMore; ) {
      const page = await store.revocations(cursor)
      for (const rule of page.revocations) rules.learn(rule, true)
      isMore = page.isMore === true && page.cursor !== cursor
      cursor = page.cursor
    }
    heardAt = Math.max(heardAt, askedAt)
    rules.sweep()
    tell()
  }

  const isSilent = () => performance.now() - heardAt > options.storeSilenceTtl * 1000

  function tell(): void {
    for (const listener of listeners) listener()
  }

  /** The guarded store has logged what went wrong; the silence counts from the last success. */
  function readSoon(): void {
    if (isStopped || readings >= MAX_READINGS) return void tell()
    readings++
    read()
      .catch(tell)
      .finally(() => readings--)
  }

  function poll(): void {
    timer = setTimeout(() => {
      if (isStopped) return
      poll()
      readSoon()
    }, POLL)
    timer.unref?.()
  }

  function hasten(): void {
    if (isHastened || isStopped) return
    isHastened = true
    setTimeout(() => {
      isHastened = false
      readSoon()
    }, HASTE).unref?.()
  }

  async function put(rule: Revocation): Promise<Revocation> {
    rules.learn(rule, false)
    await store.revoke(rule)
    rules.learn(rule, true)
    return rule
  }

  return {
    async start() {
      await read()
      unwatch ??= store.watch?.(hasten)
      poll()
    },
    stop() {
      isStopped = true
      clearTimeout(timer)
      unwatch?.()
    },
    catchUp: read,
    subscribe: (listener) => void listeners.push(listener),
    status: () => ({
      rules: rules.count(),
      silence: Number.isFinite(heardAt) ? (performance.now() - heardAt) / 1000 : undefined,
    }),
    async add(grantId) {
      // Once is enough: a client that revokes over and over must not fill the store.
      if (rules.isStored('grant', grantId)) return
      const now = Math.floor(Date.now() / 1000)
      // All tokens of the grant are meant, of any life: the setting may have been another when they
      // were issued.
      const expiresAt = now + ACCESS_TOKEN_MAX_TTL + CLOCK_SKEW
      await put({ kind: 'grant', id: grantId, issuedUntil: now + CLOCK_SKEW, expiresAt })
    },
    async end(kind, id) {
      const now = Math.floor(Date.now() / 1000)
      // A replica whose clock is ahead has signed people in by that clock. Who signs in from now on
      // is put behind this moment: `endedUntil`.
      const expiresAt = now + Math.max(options.grantMaxTtl, ACCESS_TOKEN_MAX_TTL) + 2 * CLOCK_SKEW
      return put({ kind, id, issuedUntil: now + CLOCK_SKEW, expiresAt })
    },
    has: rules.hasGrant,
    endedUntil: rules.endedUntil,
    check(claims) {
      if (isSilent()) throw silence(CANNOT_TELL)
      if (!rules.isRevoked(claims, options.clientDigest)) return
      throw new OAuthError('invalid_token', 'The access token has been revoked. Sign in again.')
    },
    checkHeard() {
      if (isSilent()) throw silence('The server cannot reach its store at the moment.')
    },
  }
}

/** A rule, and whether the store is known to have it. */
type KnownRule = { readonly rule: Revocation; readonly isStored: boolean }

/** The rules that are known, by what they are about: of each, the one that reaches furthest. */
function createRules() {
  const ofKind = {
    grant: new Map<string, KnownRule>(),
    person: new Map<string, KnownRule>(),
    client: new Map<string, KnownRule>(),
    all: new Map<string, KnownRule>(),
  }
  let sweptAt = 0

  const until = (kind: Revocation['kind'], id: string) =>
    ofKind[kind].get(id)?.rule.issuedUntil ?? 0

  function endedUntil(person: string, clientDigest: string): number {
    return Math.max(until('person', person), until('client', clientDigest), until('all', ''))
  }

  const hasGrant = (id: string) => ofKind.grant.has(id)

  return {
    endedUntil,
    hasGrant,
    count: () => Object.values(ofKind).reduce((sum, { size }) => sum + size, 0),
    isStored: (kind: Revocation['kind'], id: string) => ofKind[kind].get(id)?.isStored === true,
    learn(rule: Revocation, isStored: boolean): void {
      const known = ofKind[rule.kind].get(rule.id)
      const furthest = known && known.rule.issuedUntil >= rule.issuedUntil ? known.rule : rule
      const learnt = { rule: furthest, isStored: isStored || known?.isStored === true }
      ofKind[rule.kind].set(rule.id, learnt)
    },
    isRevoked(claims: AccessTokenClaims, clientDigest: (id: string) => string): boolean {
      // A grant never comes back: no clock counts, neither whose ended it nor whose renewed it.
      if (hasGrant(claims.gid)) return true
      // Tokens from before the claim was there have only their own time.
      const { gat = claims.iat } = claims
      const client = ofKind.client.size > 0 ? clientDigest(claims.client_id) : ''
      return gat <= endedUntil(`${claims.tid}/${claims.oid}`, client)
    },
    /** Not at each reading: there may be many. */
    sweep(): void {
      const now = Date.now()
      if (Math.abs(now - sweptAt) < SWEEP) return
      sweptAt = now
      for (const rules of Object.values(ofKind)) {
        for (const [id, { rule }] of rules) if (rule.expiresAt * 1000 <= now) rules.delete(id)
      }
    },
  }
}

/** Not 401: the token may be good, and a client would throw it away. */
const CANNOT_TELL =
  'The server cannot tell at the moment whether the access token still holds. Try again.'

function silence(text: string): OAuthError {
  return new OAuthError('temporarily_unavailable', text, { retryAfter: 5 })
}
