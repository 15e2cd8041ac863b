import type { Context } from '../context.ts'
import { personOf } from '../grants/grant.ts'
import { digest as digestOf } from '../keys/mac.ts'
import { barringSteps, grantSteps } from './steps.ts'
import { walk } from './walk.ts'

/** A client that somebody is signed in with, or that is known here besides. */
export type ListedClient = {
  /** SHA-256 of the client_id, by which it can be named. */
  readonly digest: string
  readonly name: string | undefined
  /** How it is known besides; most registered by themselves, and of those nothing is kept. */
  readonly known: 'configured' | 'adopted' | undefined
  /** Whether it is kept out: by the operator's word, or in the configuration. */
  readonly isDisabled: boolean
  readonly sessions: number
  readonly people: number
  /** When one of its sign-ins was last renewed; seconds since the epoch. */
  readonly lastUsedAt: number | undefined
}

type Tally = { -readonly [Name in keyof Omit<ListedClient, 'people'>]: ListedClient[Name] } & {
  readonly who: Set<string>
}

/** Every client, the one with the most sign-ins first. */
export async function listAllClients(context: Context): Promise<ListedClient[]> {
  const tallies = new Map<string, Tally>()
  const of = (digest: string): Tally => {
    const known = tallies.get(digest) ?? newTally(digest)
    tallies.set(digest, known)
    return known
  }
  for await (const { grant } of walk(grantSteps(context))) {
    const tally = of(grant.client.digest)
    tally.name ??= grant.client.name
    tally.sessions++
    tally.who.add(personOf(grant.user))
    tally.lastUsedAt = Math.max(tally.lastUsedAt ?? 0, grant.rotatedAt ?? grant.createdAt)
  }
  for (const client of context.config.clients) {
    const tally = of(digestOf(client.client_id))
    tally.known = 'configured'
    tally.name ??= client.client_name
    tally.isDisabled ||= client.disabled === true
  }
  for await (const digest of walk(context.clients.adopted.page)) of(digest).known = 'adopted'
  for await (const { id, name } of walk(barringSteps('client', context))) {
    const tally = of(id)
    tally.isDisabled = true
    tally.name ??= name
  }
  return [...tallies.values()].map(toListed).toSorted(byUse)
}

function newTally(digest: string): Tally {
  const nothing = { name: undefined, known: undefined, isDisabled: false, lastUsedAt: undefined }
  return { digest, ...nothing, sessions: 0, who: new Set() }
}

function toListed({ who, ...tally }: Tally): ListedClient {
  return { ...tally, people: who.size }
}

function byUse(a: ListedClient, b: ListedClient): number {
  return b.sessions - a.sessions || a.digest.localeCompare(b.digest)
}
