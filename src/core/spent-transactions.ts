/** The transactions that Entra has answered, so that one cookie asks Entra one thing. */
export type SpentTransactions = {
  /** Marks a transaction as answered; false when it was so already. */
  spend(grantId: string): boolean
  /** Takes the mark away: what failed for the moment may be tried again. */
  release(grantId: string): void
}

/** More at once than a process signs in within a transaction's life; then the oldest is forgotten. */
const MAX_COUNT = 50_000

/**
 * Remembers answered transactions in this process. The browser is told to delete its cookie, which
 * somebody who means harm does not; the grant itself is single use in the store (RFC 9700 §4.5).
 */
export function createSpentTransactions(): SpentTransactions {
  const spent = new Set<string>()
  return {
    spend(grantId) {
      if (spent.has(grantId)) return false
      if (spent.size >= MAX_COUNT) spent.delete(spent.values().next().value as string)
      spent.add(grantId)
      return true
    },
    release(grantId) {
      spent.delete(grantId)
    },
  }
}
