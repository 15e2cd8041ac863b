/** How many requests strangers may have this process send. */
export type EgressBudget = {
  /** Takes one for a host: how to give its place back, or in how many seconds to ask again. */
  take(host: string): { readonly release: () => void } | { readonly retryAfter: number }
}

/** At once, and within a minute; in all, and to one host. */
const MAX_AT_ONCE = 16
const MAX_AT_ONCE_PER_HOST = 4
const MAX_PER_MINUTE = 120
const MAX_PER_MINUTE_PER_HOST = 30

const MINUTE = 60_000

/** Seconds until one of those under way has ended for certain. */
const RETRY_AFTER = 5

export function createEgressBudget(): EgressBudget {
  const underWay: string[] = []
  // No longer than a minute's worth: nothing that strangers ask for makes it grow.
  const sent: { readonly host: string; readonly at: number }[] = []

  return {
    take(host) {
      const now = Date.now()
      while (sent[0] && sent[0].at <= now - MINUTE) sent.shift()
      const toHost = sent.filter((one) => one.host === host)
      const full =
        sent.length >= MAX_PER_MINUTE
          ? sent[0]
          : toHost.length >= MAX_PER_MINUTE_PER_HOST
            ? toHost[0]
            : undefined
      if (full) return { retryAfter: Math.max(1, Math.ceil((full.at + MINUTE - now) / 1000)) }
      const atOnce = underWay.filter((one) => one === host).length
      if (underWay.length >= MAX_AT_ONCE || atOnce >= MAX_AT_ONCE_PER_HOST) {
        return { retryAfter: RETRY_AFTER }
      }
      sent.push({ host, at: now })
      underWay.push(host)
      return { release: () => void underWay.splice(underWay.indexOf(host), 1) }
    },
  }
}
