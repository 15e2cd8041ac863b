import { createHash } from 'node:crypto'
import type { Container } from '@azure/cosmos'
import type { StoredRecord } from '../store.ts'
import { type Deadline, isAbsent, isConflict } from './request.ts'

/** A record as an item. Its partition is its own: to get, create and replace it are point operations. */
export type Item = {
  readonly id: string
  readonly partition: string
  readonly key: string
  readonly value: string
  readonly version: number
  readonly expiresAt: number
  readonly person: string | null
  readonly client: string | null
  /** Seconds from its last change on, after which Cosmos DB removes it. */
  readonly ttl: number
}

/** Seconds that an item outlives its record: a clock that differs removes nothing early. */
const SLACK = 60

/** How often a creation may find the key taken, and then free. */
const ATTEMPTS = 5

/** An item's id: a key may hold what an id may not. */
export function idOf(key: string): string {
  return createHash('sha256').update(key).digest('base64url')
}

function toItem(record: Omit<StoredRecord, 'version'>, version: number): Item {
  const { key, value, expiresAt, person = null, client = null } = record
  const id = idOf(key)
  const ttl = lifetimeOf(expiresAt)
  return { id, partition: id, key, value, version, expiresAt, person, client, ttl }
}

/** The time to live of what expires then. */
export function lifetimeOf(expiresAt: number): number {
  return Math.max(1, Math.ceil(expiresAt - seconds()) + SLACK)
}

export function toRecord(item: Item): StoredRecord {
  const { key, value, version, expiresAt, person, client } = item
  return {
    key,
    value,
    version,
    expiresAt,
    person: person ?? undefined,
    client: client ?? undefined,
  }
}

/** The item of a key, expired or not, with its etag. */
export async function readItem(
  container: Container,
  key: string,
  deadline: Deadline,
): Promise<(Item & { readonly _etag: string }) | undefined> {
  const id = idOf(key)
  const answer = await container.item(id, id).read<Item>(deadline)
  if (isAbsent(answer)) return undefined
  // An id is a digest: what has it has this key.
  return answer.resource as Item & { readonly _etag: string }
}

/** Puts the record unless there is a live one. */
export async function createItem(
  container: Container,
  record: Omit<StoredRecord, 'version'>,
  deadline: Deadline,
): Promise<boolean> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    try {
      await container.items.create(toItem(record, 1), deadline)
      return true
    } catch (error) {
      isConflict(error)
    }
    const found = await readItem(container, record.key, deadline)
    if (found && isLive(found)) return false
    // An expired one gives way; one that is gone by now leaves the place to the next attempt.
    if (found && (await putItem(container, toItem(record, 1), found._etag, deadline))) return true
  }
  throw new Error('The record comes and goes.')
}

/** Replaces the live record of that version: the etag tells whether it still is what was read. */
export async function replaceItem(
  container: Container,
  record: Omit<StoredRecord, 'version'>,
  version: number,
  deadline: Deadline,
): Promise<boolean> {
  const found = await readItem(container, record.key, deadline)
  if (found?.version !== version || !isLive(found)) return false
  return putItem(container, toItem(record, version + 1), found._etag, deadline)
}

async function putItem(
  container: Container,
  item: Item,
  etag: string,
  deadline: Deadline,
): Promise<boolean> {
  const accessCondition = { type: 'IfMatch', condition: etag }
  try {
    await container.item(item.id, item.partition).replace(item, { ...deadline, accessCondition })
    return true
  } catch (error) {
    return !isConflict(error)
  }
}

export function isLive({ expiresAt }: { readonly expiresAt: number }): boolean {
  return expiresAt > seconds()
}

/** Seconds since the epoch. */
export function seconds(): number {
  return Math.floor(Date.now() / 1000)
}
