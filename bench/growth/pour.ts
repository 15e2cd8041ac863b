// Millions of records into a store, past what a server asks of it one by one: as they would lie there.
import { once } from 'node:events'
import { closeSync, fsyncSync, openSync } from 'node:fs'
import { connect } from 'node:net'
import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import { parseRedisAddress } from '../../src/stores/redis/address.ts'
import type { NewRecord } from '../../test/support/fill-grants.ts'

/** Records, some at a time. */
export type Batches = AsyncIterable<readonly NewRecord[]>

/** Into a file that has its tables and that nobody has open: one transaction, and on the disk at its end. */
export async function pourIntoSqlite(path: string, batches: Batches): Promise<void> {
  const db = new DatabaseSync(path)
  try {
    // Nothing but new pages: there is nothing to go back to, and the file is thrown away on an error.
    db.exec('PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA cache_size = -500000')
    const insert = db.prepare(`
      INSERT INTO records (key, value, version, expires_at, person, client) VALUES (?, ?, 1, ?, ?, ?)`)
    db.exec('BEGIN')
    for await (const batch of batches) {
      for (const { key, value, expiresAt, person = null, client = null } of batch) {
        insert.run(key, value, expiresAt, person, client)
      }
    }
    db.exec('COMMIT; PRAGMA journal_mode = WAL')
  } finally {
    db.close()
  }
  const file = openSync(path, 'r+')
  fsyncSync(file)
  closeSync(file)
}

const COPY =
  'COPY entrance.records (key, value, version, expires_at, person, client) FROM STDIN (ENCODING UTF8)'

/** Into a database that has its tables, with COPY. */
export async function pourIntoPostgres(url: string, batches: Batches): Promise<void> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    await new Promise<void>((resolve, reject) => {
      client.query({
        submit: (connection: pg.Connection) => connection.query(COPY),
        handleCopyInResponse: (connection: CopyConnection) =>
          void copy(connection, batches).catch(reject),
        handleCommandComplete() {},
        handleReadyForQuery: () => resolve(),
        handleError: reject,
      } as pg.Submittable)
    })
  } finally {
    await client.end()
  }
}

/** Of the driver's connection what a COPY takes, which its types leave out. */
type CopyConnection = pg.Connection & {
  sendCopyFromChunk(chunk: Buffer): void
  endCopyFrom(): void
}

async function copy(connection: CopyConnection, batches: Batches): Promise<void> {
  for await (const batch of batches) {
    connection.sendCopyFromChunk(Buffer.from(batch.map(toLine).join('')))
    if (connection.stream.writableNeedDrain) await once(connection.stream, 'drain')
  }
  connection.endCopyFrom()
}

/** None of it has anything in it that COPY would have escaped. */
function toLine({ key, value, expiresAt, person = '\\N', client = '\\N' }: NewRecord): string {
  return `${key}\t${value}\t1\t${expiresAt}\t${person}\t${client}\n`
}

/** Longer than any grant lives, in milliseconds; what the index of a person or client is kept for. */
const INDEX_LIFE = String(200 * 86_400_000)

/** Into a Redis, one command behind the other: nobody waits for an answer but at the end. */
export async function pourIntoRedis(address: string, batches: Batches): Promise<void> {
  const { hosts, prefix } = parseRedisAddress(address)
  const socket = connect(hosts[0]?.port ?? 0, hosts[0]?.host)
  const answers = countAnswers(socket)
  let sent = 0
  try {
    await once(socket, 'connect')
    for await (const batch of batches) {
      const commands = batch.flatMap((record) => toCommands(record, prefix))
      sent += commands.length
      if (!socket.write(commands.map(toWire).join(''))) {
        await Promise.race([once(socket, 'drain'), answers.failed])
      }
    }
    await Promise.race([answers.reach(sent), answers.failed])
  } finally {
    socket.destroy()
  }
}

/** As the store's scripts leave it. */
function toCommands(record: NewRecord, prefix: string): string[][] {
  const { key, value, person, client } = record
  const name = `${prefix}record:${key}`
  const expiresAt = String(record.expiresAt)
  const life = String(Math.ceil((record.expiresAt + 3600) * 1000 - Date.now()))
  const owners = [person && ['person', person], client && ['client', client]].filter(Boolean)
  const indices = [person && `${prefix}person:${person}`, client && `${prefix}client:${client}`]
  return [
    [...['HSET', name, 'value', value, 'version', '1', 'expiresAt', expiresAt], ...owners.flat()],
    ['PEXPIRE', name, life],
    ...indices.flatMap((index) =>
      index
        ? [
            ['ZADD', index, expiresAt, key],
            ['PEXPIRE', index, INDEX_LIFE],
          ]
        : [],
    ),
  ] as string[][]
}

function toWire(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`
}

const [NEWLINE, MINUS] = [0x0a, 0x2d]

/** Each answer is a line with a number, or begins with a minus and says what is wrong. */
function countAnswers(socket: ReturnType<typeof connect>) {
  let count = 0
  let wanted = Number.POSITIVE_INFINITY
  const done = Promise.withResolvers<void>()
  const failed = Promise.withResolvers<never>()
  failed.promise.catch(() => {})
  socket.on('data', (answers: Buffer) => {
    if (answers.includes(MINUS)) failed.reject(new Error(`Redis: ${answers}`))
    for (const byte of answers) if (byte === NEWLINE) count++
    if (count >= wanted) done.resolve()
  })
  socket.on('error', failed.reject)
  socket.on('close', () => failed.reject(new Error('Redis has closed the connection.')))
  return {
    failed: failed.promise,
    reach(sent: number) {
      wanted = sent
      if (count >= wanted) done.resolve()
      return done.promise
    },
  }
}
