import { setTimeout as delay } from 'node:timers/promises'
import type { Container, OperationInput } from '@azure/cosmos'
import type { Revocation, RevocationPage } from '../store.ts'
import { lifetimeOf, seconds } from './items.ts'
import { type Deadline, isAbsent, isConflict } from './request.ts'

/** The partition that has all revocations, and the item in it that counts them. */
const FEED = 'revocations'

/** How far back a page reaches behind its cursor: its parts are not read at one moment. */
const OVERLAP = 64

/** Longest pause before a write that lost against another one is tried again, in milliseconds. */
const PAUSE = 50

type Entry = Revocation & { readonly seq: number }

/**
 * Appends one. The counter and the entry are written in one transaction, so that the numbers follow
 * the order in which entries became visible.
 */
export async function append(
  container: Container,
  revocation: Revocation,
  deadline: Deadline,
): Promise<void> {
  for (;;) {
    const counter = await readCounter(container, deadline)
    const seq = counter.seq + 1
    const entry = { ...revocation, id: String(seq), revoked: revocation.id, seq, partition: FEED }
    const operations: OperationInput[] = [
      {
        operationType: 'Replace',
        id: FEED,
        resourceBody: { id: FEED, partition: FEED, count: seq },
        ifMatch: counter.etag,
      },
      {
        operationType: 'Create',
        resourceBody: { ...entry, ttl: lifetimeOf(revocation.expiresAt) },
      },
    ]
    const { result = [] } = await container.items.batch(operations, FEED, deadline)
    const statuses = result.map(({ statusCode }) => statusCode)
    if (statuses.length === 2 && statuses.every((status) => status < 300)) return
    // 424 is said of what failed with another.
    if (!statuses.some((status) => [404, 409, 412, 449].includes(status))) {
      throw new Error(`Cosmos DB answered a transaction with ${statuses.join(', ')}.`)
    }
    await delay(Math.random() * PAUSE, undefined, { signal: deadline.abortSignal })
  }
}

/** Reads the counter, and makes it where there is none yet. It has no time to live. */
async function readCounter(
  container: Container,
  deadline: Deadline,
): Promise<{ seq: number; etag: string }> {
  for (;;) {
    const answer = await container.item(FEED, FEED).read<{ count: number }>(deadline)
    if (!isAbsent(answer) && answer.resource) {
      return { seq: answer.resource.count, etag: answer.resource._etag }
    }
    await container.items
      .create({ id: FEED, partition: FEED, count: 0 }, deadline)
      .catch(isConflict)
  }
}

/** The live revocations since a cursor, some of those before it included. */
export async function readSince(
  container: Container,
  cursor: number,
  deadline: Deadline,
): Promise<RevocationPage> {
  const query = {
    query: 'SELECT * FROM c WHERE c.seq > @seq AND c.expiresAt > @now',
    parameters: [
      { name: '@seq', value: cursor - OVERLAP },
      { name: '@now', value: seconds() },
    ],
  }
  const options = { ...deadline, partitionKey: FEED }
  const { resources } = await container.items
    .query<Entry & { revoked: string }>(query, options)
    .fetchAll()
  const entries = resources.toSorted((a, b) => a.seq - b.seq)
  const last = Math.max(cursor, entries.at(-1)?.seq ?? 0)
  return {
    revocations: entries.map(({ kind, revoked, issuedUntil, expiresAt }) => ({
      ...{ kind, id: revoked, issuedUntil, expiresAt },
    })),
    cursor: String(last),
  }
}
