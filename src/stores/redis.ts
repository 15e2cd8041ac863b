import { randomUUID } from 'node:crypto'
import { parseRedisAddress, type RedisAddress } from './redis/address.ts'
import type { RedisConnection } from './redis/connection.ts'
import { explain } from './redis/explain.ts'
import { CREATE, INDEX, REPLACE, REVOCATIONS, REVOKE, run } from './redis/scripts.ts'
import { createSession } from './redis/session.ts'
import { findInSettings, requireSettings } from './redis/settings.ts'
import { indexPage, scanPage } from './redis/walk.ts'
import type { Revocation, Store, StoredRecord } from './store.ts'

/** Seconds that Redis keeps a record after it has expired: the servers' clocks may differ. */
const SLACK = 3600
/** The longest time to live that is asked for, in seconds. */
const LONGEST_LIFE = 20 * 365 * 86_400
/** How many revocations before its cursor a page repeats: a fail-over may give numbers again. */
const OVERLAP = 50
/** How many revocations one page has at most. */
const PAGE_ROWS = 1000
/** How many records are asked for at once. */
const BATCH = 200

type Fields = readonly ['value', 'version', 'expiresAt', 'person', 'client']
const FIELDS: Fields = ['value', 'version', 'expiresAt', 'person', 'client']

/**
 * A store in Redis (7 or newer, or Valkey), alone, as a cluster or behind Sentinels, by an address
 * such as `redis://host:6379`. Throws `ConfigError` where the address cannot be read.
 */
export function redisStore(url: string): Store {
  const address = parseRedisAddress(url)
  const names = namesOf(address)
  const session = createSession(address)

  async function read(connection: RedisConnection, key: string) {
    const name = names.record(key)
    const reply = await connection.send(name, ['HMGET', name, ...FIELDS])
    return toRecord(key, reply as (string | null)[])
  }

  /** For what is called before anything else: says what no waiting mends. */
  async function explained<T>(work: (connection: RedisConnection) => Promise<T>): Promise<T> {
    try {
      return await session.use(work)
    } catch (error) {
      throw explain(error)
    }
  }

  /** The indices come first: a record that is in none would be found by nobody. */
  async function put(
    script: typeof CREATE,
    { key, value, expiresAt, person = '', client = '' }: Omit<StoredRecord, 'version'>,
    version: number,
  ): Promise<boolean> {
    const at = now()
    const life = toMilliseconds(expiresAt - at)
    const indices = [person && names.person(person), client && names.client(client)]
    return session.use(async (connection) => {
      const entry = [at, expiresAt, life, key]
      await Promise.all(
        indices.filter(Boolean).map((name) => run(connection, INDEX, [name], entry)),
      )
      const args = [at, version, value, expiresAt, life, person, client]
      return (await run(connection, script, [names.record(key)], args)) === 1
    })
  }

  return {
    name: address.name,
    isShared: true,
    connect: () => explained((connection) => requireSettings(connection, address)),
    check: () => explained((connection) => findInSettings(connection, address)),
    get: (key) => session.use((connection) => read(connection, key)),
    create: (record) => put(CREATE, record, 0),
    // Sent one behind the other, they wait for one answer.
    createAll: (records) => Promise.all(records.map((record) => put(CREATE, record, 0))),
    replace: (record, version) => put(REPLACE, record, version),
    async delete(key) {
      const name = names.record(key)
      await session.use((connection) => connection.send(name, ['DEL', name]))
    },
    async list({ person }) {
      const index = names.person(person)
      const keys = await session.use((connection) =>
        connection.send(index, ['ZRANGE', index, `(${now()}`, '+inf', 'BYSCORE']),
      )
      const records: StoredRecord[] = []
      for (const batch of batches(keys as string[])) {
        const found = await session.use((connection) =>
          Promise.all(batch.map((key) => read(connection, key))),
        )
        records.push(...found.flatMap((record) => (record?.person === person ? record : [])))
      }
      return records
    },
    page: (query) =>
      session.use(async (connection) => {
        const { client } = query
        const { keys, next } =
          client === undefined
            ? await scanPage(connection, names.record(''), query)
            : await indexPage(connection, names.client(client), query)
        const found = await Promise.all(keys.map((key) => read(connection, key)))
        const isAsked = (record: StoredRecord) => client === undefined || record.client === client
        return { records: found.filter((record) => record !== undefined).filter(isAsked), next }
      }),
    async revoke(revocation) {
      const { kind, id, issuedUntil, expiresAt } = revocation
      const text = JSON.stringify({ kind, id, issuedUntil, expiresAt })
      await session.use(async (connection) => {
        const args = [now(), randomUUID(), expiresAt, text]
        await run(connection, REVOKE, [names.feed, names.state, names.expiries], args)
        // It is written by now; the message only hastens its being read.
        const message = ['PUBLISH', names.channel, '']
        connection.send(names.feed, message).catch(() => {})
      })
    },
    async revocations(cursor = ':0') {
      const [from = '', last = '0'] = cursor.split(':')
      const reply = await session.use((connection) =>
        run(connection, REVOCATIONS, [names.feed, names.state], [from, last, OVERLAP, PAGE_ROWS]),
      )
      const [epoch, seq, members] = reply as [string, string, string[]]
      const isMore = members.length === PAGE_ROWS
      const reached = isMore ? members.at(-1)?.split(':', 1)[0] : seq
      const revocations = members.map(toRevocation).filter(({ expiresAt }) => expiresAt > now())
      return { revocations, cursor: `${epoch}:${reached}`, isMore }
    },
    watch: (onRevoked) => session.watch(names.channel, onRevoked),
    async close() {
      session.close()
    },
  }
}

/** The keys in Redis. Those of the feed share a slot, for one script writes them all. */
function namesOf({ prefix }: RedisAddress) {
  return {
    record: (key: string) => `${prefix}record:${key}`,
    person: (person: string) => `${prefix}person:${person}`,
    client: (client: string) => `${prefix}client:${client}`,
    feed: `${prefix}{revocations}:feed`,
    state: `${prefix}{revocations}:state`,
    expiries: `${prefix}{revocations}:expiries`,
    channel: `${prefix}revoked`,
  }
}

function toRecord(key: string, reply: readonly (string | null)[]): StoredRecord | undefined {
  const [value, version, expiresAt, person, client] = reply
  if (value == null || !(Number(expiresAt) > now())) return undefined
  return {
    ...{ key, value, version: Number(version), expiresAt: Number(expiresAt) },
    person: person ?? undefined,
    client: client ?? undefined,
  }
}

/** Behind its number, which makes it one of its own. */
function toRevocation(member: string): Revocation {
  return JSON.parse(member.slice(member.indexOf(':') + 1))
}

/** Counted from the caller's clock: Redis's own may show another time. */
function toMilliseconds(seconds: number): number {
  return Math.ceil((Math.min(Math.max(seconds, 0), LONGEST_LIFE) + SLACK) * 1000)
}

function* batches(keys: readonly string[]): Generator<readonly string[]> {
  for (let from = 0; from < keys.length; from += BATCH) yield keys.slice(from, from + BATCH)
}

function now(): number {
  return Date.now() / 1000
}
