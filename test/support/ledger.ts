import type { OAuthClient, TokenResponse } from './oauth-client.ts'

/** A sign-in that has ended: the server has said so. */
export type RevokedSession = {
  readonly name: string
  readonly client: OAuthClient
  readonly client_id: string
  readonly tokens: TokenResponse
  /** When the server's word came, by `performance.now()`. */
  readonly at: number
}

/** What simulated people were told, to be held against what is so afterwards. */
export type Ledger = {
  /** What did not work for the moment. */
  readonly failures: string[]
  /** What must never happen, and did. */
  readonly wrongs: string[]
  /** The descriptions of all expenses that were sent, and of those that were confirmed. */
  readonly attempted: Set<string>
  readonly confirmed: Set<string>
  readonly revoked: RevokedSession[]
  /** How often each thing was done. */
  readonly counts: ReadonlyMap<string, number>
  count(what: string): void
  /** What a refresh token gave: always the same. */
  noteSuccessor(name: string, presented: string, successor: string): void
}

/** An empty one. */
export function createLedger(): Ledger {
  const wrongs: string[] = []
  const counts = new Map<string, number>()
  const successors = new Map<string, string>()
  return {
    failures: [],
    wrongs,
    attempted: new Set(),
    confirmed: new Set(),
    revoked: [],
    counts,
    count: (what) => void counts.set(what, (counts.get(what) ?? 0) + 1),
    noteSuccessor(name, presented, successor) {
      const known = successors.get(presented)
      successors.set(presented, successor)
      if (known !== undefined && known !== successor) {
        wrongs.push(`${name}: one refresh token gave two successors`)
      }
    },
  }
}
