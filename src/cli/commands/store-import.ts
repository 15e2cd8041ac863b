import { createHash } from 'node:crypto'
import { createReadStream, statSync } from 'node:fs'
import { latestStoreKey, STORE_KEYS, storeKeyIds } from '../../core/store-keys.ts'
import { beginImport, endImport, findImport, takeOverImport } from '../../core/unfinished-import.ts'
import type { Entrance, Store, Taken } from '../../index.ts'
import { audited } from '../command-audit.ts'
import { CommandError, EXIT, Interrupted, UsageError } from '../exit-codes.ts'
import { readKeyList } from '../key-list.ts'
import { type OperatorOptions, show } from '../operator/connect.ts'
import { openServer, readSettings } from '../operator/on-store.ts'
import { plural } from '../operator/output.ts'
import { reaching } from '../operator/store-access.ts'
import type { FileRecord, FileRevocation } from '../store-file/format.ts'
import { type FileEntry, readFile, wrong } from '../store-file/read.ts'
import type { Terminal } from '../terminal.ts'
import {
  createRevocationReader,
  pagesOf,
  type RevocationReader,
  sealedUnder,
} from '../walk-store.ts'

export type StoreImportOptions = OperatorOptions & { merge?: boolean; withoutKeys?: boolean }

/** How many records are put at a time, and how many characters of them. */
const BATCH = 256
const BATCH_LENGTH = 4 * 1024 * 1024

/** How far ahead of this machine's clock another one may have been, in seconds. */
const AHEAD = 86_400

type Counts = Record<Taken | 'expired' | 'revocations', number>

/**
 * `entrance store import`: what `store export` wrote, into the store of the settings. It changes
 * nothing that is as new there, so one that was interrupted is run again and goes on.
 */
export async function storeImport(
  file: string,
  options: StoreImportOptions,
  terminal: Terminal,
): Promise<void> {
  const settings = readSettings(options)
  const { keys } = await readKeyList(options)
  const known = options.withoutKeys ? undefined : new Set(keys.map(({ id }) => id))
  const entries = () => checkedEntries(file, known, terminal)
  // Whole, before anything is changed. What comes but once, as stdin and pipes do: line by line.
  if (isRepeatable(file)) for await (const _ of entries());
  await using reading = entries()
  const { value: first } = await reading.next()
  const name = nameOf(first)
  const { entrance, store } = await openServer(settings)
  try {
    await reaching(store, async () => {
      await store.connect()
      // Around all of it: where that cannot be written down, nothing is begun.
      const counts = await audited({ event: 'operator.store_imported' }, async () => {
        await checkTarget(store, { keys, name }, options, terminal)
        const done = await takeAll(reading, { entrance, store }, terminal)
        await endImport(store, name)
        return done
      })
      tell(store.name, counts, options, terminal)
    })
  } finally {
    await entrance.close()
  }
}

function isRepeatable(file: string): boolean {
  return file !== '-' && statSync(file, { throwIfNoEntry: false })?.isFile() === true
}

/** What an export is known by: when it was made, and a digest of all that its first line says. */
function nameOf(first: FileEntry | undefined): string {
  if (!first || !('header' in first)) throw new Error('A file begins with its header.')
  const { header } = first
  const digest = createHash('sha256').update(JSON.stringify(header)).digest('base64url')
  return `${header.exportedAt} ${digest}`
}

/** What the file has, each line looked at before it is given. */
async function* checkedEntries(
  file: string,
  known: ReadonlySet<string> | undefined,
  { stdin }: Terminal,
): AsyncGenerator<FileEntry> {
  const name = file === '-' ? 'stdin' : file
  for await (const entry of readFile(file === '-' ? stdin : chunksOf(file), name)) {
    checkKeys(entry, known, name)
    if ('revocation' in entry) checkTime(entry, name)
    yield entry
  }
}

async function* chunksOf(file: string): AsyncGenerator<Buffer> {
  try {
    yield* createReadStream(file) as AsyncIterable<Buffer>
  } catch (error) {
    if (!(error instanceof Error) || !('syscall' in error)) throw error
    const { code } = error as NodeJS.ErrnoException
    const problem = code === 'ENOENT' ? 'There is no file' : `It cannot be read (${code}):`
    throw new CommandError(`${problem} ${file}.`, {
      cure: 'Name the file that entrance store export wrote.',
      cause: error,
    })
  }
}

/** It would shut out whoever signs in until then, and let their sign-ins live longer than any may. */
function checkTime(
  { revocation, line }: { revocation: FileRevocation; line: number },
  name: string,
): void {
  if (revocation.issuedUntil <= Date.now() / 1000 + AHEAD) return
  throw wrong(
    name,
    line,
    'revokes what is not issued yet: its issuedUntil is more than a day ahead.',
  )
}

/** What is sealed under a key that is not here, nobody could open any more. */
function checkKeys(entry: FileEntry, known: ReadonlySet<string> | undefined, file: string): void {
  const ids = 'header' in entry ? entry.header.keys : 'record' in entry ? keysOf(entry.record) : []
  const missing = known ? ids.filter((id) => !known.has(id)) : []
  if (missing.length === 0) return
  const had = known && known.size > 0 ? [...known].join(', ') : 'none'
  throw new CommandError(
    `${file} holds what is sealed under key ${missing.join(', ')}; the keys here are: ${had}.`,
    {
      exitCode: EXIT.usage,
      cure: 'Set ENTRANCE_SECRET to the keys of the server that it comes from, the newest first; those of its keys.json where it had none (docs/storage.md). If such a key is gone for good, give --without-keys: what is under it stays closed.',
    },
  )
}

/** A server that lacks the key that the record of the keys names first would not start. */
function keysOf(record: FileRecord): readonly string[] {
  const key = record.key === STORE_KEYS ? latestStoreKey(record.value) : sealedUnder(record)
  return key === undefined ? [] : [key]
}

type Brought = { readonly keys: readonly { readonly id: string }[]; readonly name: string }

/** Only an empty store is filled without being asked; and one whose keys are here. */
async function checkTarget(
  store: Store,
  { keys, name }: Brought,
  { merge }: StoreImportOptions,
  terminal: Terminal,
): Promise<void> {
  const [latest] = await storeKeyIds(store)
  if (latest !== undefined && !keys.some(({ id }) => id === latest)) {
    throw new CommandError(
      `A server with key ${latest} works on ${store.name}, and that key is not here.`,
      {
        exitCode: EXIT.usage,
        cure: `Give that key as well. If it is gone for good: entrance keys retire ${latest}`,
      },
    )
  }
  const unfinished = await findImport(store)
  if (unfinished !== undefined) return goOn(store, { name, unfinished }, !!merge, terminal)
  if (await isEmpty(store, terminal.signal)) {
    if (await beginImport(store, name)) return
    throw new CommandError(`Another import into ${store.name} has just begun.`, {
      cure: 'Let it end, or end it; then run this again.',
    })
  }
  if (merge) return
  throw new UsageError(
    `${store.name} is not empty.`,
    'Name an empty store; or give --merge: what is as new there as in the file stays, the rest is put.',
  )
}

/** The rest of another export would be missing for good, and nobody would know. */
async function goOn(
  store: Store,
  { name, unfinished }: { readonly name: string; readonly unfinished: string },
  mayMerge: boolean,
  terminal: Terminal,
): Promise<void> {
  if (unfinished !== name) {
    if (!mayMerge) {
      const [exportedAt] = unfinished.split(' ')
      throw new UsageError(
        `Another export, of ${exportedAt}, is in ${store.name} in part.`,
        'Import that one again, it goes on where it was; or give --merge if this one is of the same store, and later.',
      )
    }
    await takeOverImport(store, name)
  }
  terminal.note('Going on with an import that has not ended.')
}

/** A server that was only started has left the ids of its keys. */
async function isEmpty(store: Store, signal: AbortSignal): Promise<boolean> {
  for await (const page of pagesOf(store, signal)) {
    if (page.some(({ key }) => key !== 'keyring')) return false
  }
  return true
}

type Into = { readonly entrance: Entrance; readonly store: Store }

async function takeAll(
  entries: AsyncIterable<FileEntry>,
  { entrance, store }: Into,
  { signal, note }: Terminal,
): Promise<Counts> {
  const counts = { new: 0, newer: 0, same: 0, older: 0, expired: 0, revocations: 0 }
  const revocations = createRevocationReader(store)
  await revocations.read()
  let batch: FileRecord[] = []
  let length = 0
  const flush = async () => {
    const live = batch.filter(({ expiresAt }) => expiresAt > Date.now() / 1000)
    counts.expired += batch.length - live.length
    for (const what of await entrance.records.take(live)) counts[what]++
    batch = []
    length = 0
  }
  try {
    for await (const entry of entries) {
      if (signal.aborted) throw new Interrupted()
      if ('record' in entry) {
        batch.push(entry.record)
        length += entry.record.value.length
      }
      if ('revocation' in entry && (await revoke(entry.revocation, store, revocations))) {
        counts.revocations++
      }
      if (batch.length === BATCH || length > BATCH_LENGTH) await flush()
    }
    await flush()
    return counts
  } catch (error) {
    const done = counts.new + counts.newer + counts.revocations
    if (done > 0) note(`${done} of its entries were put before.`)
    throw error
  }
}

async function revoke(
  revocation: FileRevocation,
  store: Store,
  there: RevocationReader,
): Promise<boolean> {
  if (revocation.expiresAt <= Date.now() / 1000 || there.covers(revocation)) return false
  await store.revoke(revocation)
  return true
}

function tell(
  name: string,
  { revocations, ...records }: Counts,
  options: StoreImportOptions,
  terminal: Terminal,
): void {
  show({ store: name, records, revocations }, options, terminal, () => {
    const put = records.new + records.newer
    terminal.out(
      `Imported ${plural(put, 'record')} and ${plural(revocations, 'revocation')} into ${name}.`,
    )
    const also: readonly (readonly [number, string])[] = [
      [records.same, 'were there already.'],
      [records.older, 'stay as they are there, which is as new or newer.'],
      [records.expired, 'had expired and were left out.'],
    ]
    for (const [count, what] of also) if (count > 0) terminal.note(`${count} ${what}`)
  })
}
