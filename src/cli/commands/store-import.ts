import { createReadStream } from 'node:fs'
import { storeKeyIds } from '../../core/store-keys.ts'
import { beginImport, endImport, isBeingFilled } from '../../core/unfinished-import.ts'
import type { Entrance, Store, Taken } from '../../index.ts'
import { audited } from '../command-audit.ts'
import { CommandError, EXIT, Interrupted, UsageError } from '../exit-codes.ts'
import { readKeyList } from '../key-list.ts'
import { type OperatorOptions, show } from '../operator/connect.ts'
import { openServer, readSettings } from '../operator/on-store.ts'
import { plural } from '../operator/output.ts'
import { reaching } from '../operator/store-access.ts'
import type { FileRecord, FileRevocation } from '../store-file/format.ts'
import { type FileEntry, readFile } from '../store-file/read.ts'
import type { Terminal } from '../terminal.ts'
import {
  createRevocationReader,
  pagesOf,
  type RevocationReader,
  sealedUnder,
} from '../walk-store.ts'

export type StoreImportOptions = OperatorOptions & { merge?: boolean; withoutKeys?: boolean }

/** How many records are put at a time. */
const BATCH = 256

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
  // Whole, before anything is changed. Stdin comes but once: there, line by line.
  if (file !== '-')
    for await (const entry of entriesOf(file, terminal)) checkKeys(entry, known, file)
  const { entrance, store } = await openServer(settings)
  try {
    await reaching(store, async () => {
      await store.connect()
      await checkTarget(store, keys, options, terminal)
      const counts = await audited({ event: 'operator.store_imported' }, () =>
        takeAll(file, { entrance, store, known }, terminal),
      )
      await endImport(store)
      tell(store.name, counts, options, terminal)
    })
  } finally {
    await entrance.close()
  }
}

function entriesOf(file: string, { stdin }: Terminal): AsyncGenerator<FileEntry> {
  if (file === '-') return readFile(stdin, 'stdin')
  return readFile(chunksOf(file), file)
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

function keysOf(record: FileRecord): readonly string[] {
  return [sealedUnder(record) ?? []].flat()
}

/** Only an empty store is filled without being asked; and one whose keys are here. */
async function checkTarget(
  store: Store,
  keys: readonly { readonly id: string }[],
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
  if (await isBeingFilled(store))
    return terminal.note('Going on with an import that has not ended.')
  if (!(await isEmpty(store, terminal.signal))) {
    if (merge) return
    throw new UsageError(
      `${store.name} is not empty.`,
      'Name an empty store; or give --merge: what is as new there as in the file stays, the rest is put.',
    )
  }
  await beginImport(store)
}

/** A server that was only started has left the ids of its keys. */
async function isEmpty(store: Store, signal: AbortSignal): Promise<boolean> {
  for await (const page of pagesOf(store, signal)) {
    if (page.some(({ key }) => key !== 'keyring')) return false
  }
  return true
}

type Into = {
  readonly entrance: Entrance
  readonly store: Store
  readonly known: ReadonlySet<string> | undefined
}

async function takeAll(file: string, into: Into, terminal: Terminal): Promise<Counts> {
  const counts = { new: 0, newer: 0, same: 0, older: 0, expired: 0, revocations: 0 }
  const revocations = createRevocationReader(into.store)
  await revocations.read()
  let batch: FileRecord[] = []
  const flush = async () => {
    const live = batch.filter(({ expiresAt }) => expiresAt > Date.now() / 1000)
    counts.expired += batch.length - live.length
    for (const what of await into.entrance.records.take(live)) counts[what]++
    batch = []
  }
  try {
    for await (const entry of entriesOf(file, terminal)) {
      if (terminal.signal.aborted) throw new Interrupted()
      checkKeys(entry, into.known, file)
      if ('record' in entry) batch.push(entry.record)
      if ('revocation' in entry && (await revoke(entry.revocation, into.store, revocations))) {
        counts.revocations++
      }
      if (batch.length === BATCH) await flush()
    }
    await flush()
    return counts
  } catch (error) {
    const done = counts.new + counts.newer + counts.revocations
    if (done > 0) terminal.note(`${done} of its entries were put before.`)
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
