import type { Context } from '../context.ts'
import { personOf } from '../grants/grant.ts'
import { digest as digestOf } from '../keys/mac.ts'
import type { SeenClient } from '../seen.ts'
import { clientSteps, grantSteps } from './steps.ts'
import { type Paging, partOf, type Step, walk } from './walk.ts'

/** A client that somebody is signed in with, or that is known here besides. */
export type ListedClient = {
  /** SHA-256 of the client_id, by which it can be named. */
  readonly digest: string
  readonly name: string | undefined
  /** How it is known besides; most registered by themselves, and of those nothing is kept. */
  readonly known: 'configured' | 'adopted' | undefined
  /** Whether it is kept out: by the operator's word, or in the configuration. */
  readonly isDisabled: boolean
  /** Of the sessions that were counted, as are the people and the last use. */
  readonly sessions: number
  /** Whether there are more than were counted. */
  readonly isMore: boolean
  readonly people: number
  /** When one of its sign-ins was last renewed; seconds since the epoch. */
  readonly lastUsedAt: number | undefined
}

export type ClientPart = {
  readonly clients: readonly ListedClient[]
  readonly next?: string | undefined
}

/** How many sessions of one client are counted: a client of everybody's would take minutes. */
const COUNTED = 1000

/** Some of the clients, of these the one with the most sign-ins first. */
export async function listClients(paging: Paging, context: Context): Promise<ClientPart> {
  const step: Step<ListedClient> = async (query) => {
    const { entries, next } = await clientSteps(context)(query)
    const listed: ListedClient[] = []
    for (const client of entries) listed.push(await toListed(client, context))
    return { entries: listed, next }
  }
  // A client that nobody is signed in with any more is none that there is something to know of.
  const isAsked = ({ sessions, known, isDisabled }: ListedClient) =>
    sessions > 0 || known !== undefined || isDisabled
  const { entries, next } = await partOf(step, isAsked, paging)
  const clients = entries.toSorted(byUse)
  return { clients, ...(next !== undefined && { next }) }
}

async function toListed(client: SeenClient, context: Context): Promise<ListedClient> {
  const { digest, name } = client
  const configured = context.config.clients.find(({ client_id }) => digestOf(client_id) === digest)
  const [used, isBarred, isAdopted] = await Promise.all([
    countUse(digest, context),
    context.barred.has('client', digest),
    context.clients.adopted.has(digest),
  ])
  return {
    ...{ digest, name },
    known: configured ? 'configured' : isAdopted ? 'adopted' : undefined,
    isDisabled: isBarred || configured?.disabled === true,
    ...used,
  }
}

async function countUse(digest: string, context: Context) {
  const people = new Set<string>()
  let sessions = 0
  let lastUsedAt: number | undefined
  let isMore = false
  for await (const { grant } of walk(grantSteps(context, digest))) {
    isMore = sessions === COUNTED
    if (isMore) break
    sessions++
    people.add(personOf(grant.user))
    lastUsedAt = Math.max(lastUsedAt ?? 0, grant.rotatedAt ?? grant.createdAt)
  }
  return { sessions, isMore, people: people.size, lastUsedAt }
}

function byUse(a: ListedClient, b: ListedClient): number {
  return b.sessions - a.sessions || a.digest.localeCompare(b.digest)
}
