import type { Log } from '../log.ts'
import { OAuthError } from './errors.ts'
import type { LimitOptions } from './options.ts'

/** What is counted: see `LimitOptions`. */
export type LimitKind = keyof LimitOptions

export type RateLimiter = {
  /** Counts one; throws 429 when somebody has used up what a route lets them have. */
  take(kind: LimitKind, route: string, network: string | undefined): void
}

type LimiterOptions = {
  /** None: nothing is limited. */
  readonly limits: Readonly<Required<LimitOptions>> | undefined
  readonly trustedProxyHops: number
  readonly log: Log
  /** Milliseconds that only ever go up. @default those of the process */
  readonly clock?: () => number
}

/** In milliseconds: within it a bucket that was emptied is full again. */
const WINDOW = 60_000

/** Seconds after which a sixth of the bucket is there again. */
const RETRY_AFTER = 10

/** Where no address is known, all share one bucket, so many times as large. */
const WITHOUT_ADDRESS = 20

/** How many buckets are kept, of those used last; each takes about two hundred bytes. */
const MAX_BUCKETS = 20_000

/**
 * Token buckets by route and by address, in this process. A bucket is kept as the time at which
 * it will be full again (the generic cell rate algorithm), so one that is forgotten is a full one,
 * and forgetting is all that keeps memory flat.
 */
export function createRateLimiter(options: LimiterOptions): RateLimiter {
  const { limits, clock = () => performance.now() } = options
  if (!limits) return { take: () => {} }
  const fullAt = new Map<string, number>()
  const tell = createTeller(options, clock)

  /** What one request takes, in milliseconds. */
  const costOf = (kind: LimitKind, network: string | undefined) =>
    WINDOW / (limits[kind] * (network === undefined ? WITHOUT_ADDRESS : 1))
  const keyOf = (route: string, network = '') => `${route} ${network}`

  return {
    take(kind, route, network) {
      const key = keyOf(route, network)
      const now = clock()
      const next = Math.max(fullAt.get(key) ?? 0, now) + costOf(kind, network)
      // A hair's breadth for the rounding of so many sums.
      if (next > now + WINDOW + 1e-3) {
        tell(kind, route, network)
        throw tooMany(network)
      }
      fullAt.delete(key)
      fullAt.set(key, next)
      if (fullAt.size > MAX_BUCKETS) fullAt.delete(fullAt.keys().next().value as string)
    },
  }
}

/** RFC 6585 §4. Under this code no client throws a registration or a token away. */
function tooMany(network: string | undefined): OAuthError {
  const text = `Too many requests${network ? ' from this address' : ''}; try again in ${RETRY_AFTER} seconds.`
  const limited = { status: 429, retryAfter: RETRY_AFTER }
  return new OAuthError('temporarily_unavailable', text, limited)
}

/** A storm is worth a line a minute, not one for each of its drops. */
function createTeller(
  { log, trustedProxyHops }: LimiterOptions,
  clock: () => number,
): (kind: LimitKind, route: string, network: string | undefined) => void {
  const toldAt = new Map<LimitKind, number>()
  return (kind, route, network = 'everybody') => {
    if (clock() - (toldAt.get(kind) ?? -WINDOW) < WINDOW) return
    toldAt.set(kind, clock())
    const cure =
      trustedProxyHops > 0
        ? ''
        : ' Behind a reverse proxy, all clients have its address, unless trustedProxyHops is set.'
    const message = `Too many requests to ${route} from ${network}: they get 429 (limits.${kind}).${cure}`
    log({ event: 'request.limited', level: 'warn', message, path: route, address: network })
  }
}
