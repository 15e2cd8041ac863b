import { checkFilled } from '../../core/unfinished-import.ts'
import type { Store } from '../../index.ts'
import { audited } from '../command-audit.ts'
import { UsageError } from '../exit-codes.ts'
import { type OperatorOptions, show } from '../operator/connect.ts'
import { checkStoreIsThere } from '../operator/on-store.ts'
import { plural } from '../operator/output.ts'
import { readStoreSettings, withOpenStore } from '../operator/store-access.ts'
import { type FileEnd, type FileHeader, FORMAT, VERSION } from '../store-file/format.ts'
import { createFileWriter, type Output, openOutputFile, toOutput } from '../store-file/write.ts'
import type { Terminal } from '../terminal.ts'
import { createRevocationReader, pagesOf, sealedUnder } from '../walk-store.ts'

export type StoreExportOptions = OperatorOptions & { force?: boolean }

/**
 * `entrance store export`: all that the store holds, as it is sealed, for `store import`. Servers may
 * run meanwhile; what they change is in it as it was when it was read.
 */
export async function storeExport(
  file: string,
  options: StoreExportOptions,
  terminal: Terminal,
): Promise<void> {
  if (file === '-' && terminal.stdout.isTTY) {
    throw new UsageError('An export is nothing to read.', 'Name a file: entrance store export FILE')
  }
  const settings = readStoreSettings(options)
  checkStoreIsThere({ store: settings })
  const output = file === '-' ? toOutput(terminal) : await openOutputFile(file, !!options.force)
  try {
    await withOpenStore(settings, async (store) => {
      await store.connect()
      await checkFilled(store)
      const { records, revocations } = await audited({ event: 'operator.store_exported' }, () =>
        writeAll(store, output, terminal),
      )
      await output.finish()
      const told = `Exported ${plural(records, 'record')} and ${plural(revocations, 'revocation')} of ${store.name}`
      // Stdout has the export itself.
      if (file === '-') return terminal.note(`${told}.`)
      const result = { store: store.name, file, records, revocations }
      show(result, options, terminal, () => terminal.out(`${told} to ${file}.`))
    })
  } finally {
    await output.abandon()
  }
}

/** Revocations come first, and those that came meanwhile last: an import has them before the rest. */
export async function writeAll(
  store: Store,
  output: Output,
  { signal }: Pick<Terminal, 'signal'>,
): Promise<FileEnd> {
  const revocations = createRevocationReader(store)
  const first = await revocations.read()
  const header = await createHeader(store, first.length, signal)
  const writer = createFileWriter(header, output)
  for (const revocation of first) await writer.revocation(revocation)
  const barred = new Set<string>()
  for await (const page of pagesOf(store, signal)) {
    for (const record of page) {
      if (record.key.startsWith(BARRED)) barred.add(record.key)
      await writer.record(record)
    }
  }
  for (const revocation of await revocations.read()) {
    await writer.revocation(revocation)
    // It may have been read before: of two in a file, the one that is revoked counts.
    const grant = revocation.kind === 'grant' && (await store.get(`grant:${revocation.id}`))
    if (grant) await writer.record(grant)
  }
  for await (const page of pagesOf(store, signal, BARRED)) {
    for (const record of page) if (!barred.has(record.key)) await writer.record(record)
  }
  return writer.end()
}

/** Who is kept out: who was blocked meanwhile as well. */
const BARRED = 'barred:'

async function createHeader(
  store: Store,
  revocations: number,
  signal: AbortSignal,
): Promise<FileHeader> {
  const keys = new Set<string>()
  let records = 0
  for await (const page of pagesOf(store, signal)) {
    records += page.length
    for (const key of page.map(sealedUnder)) if (key !== undefined) keys.add(key)
  }
  return {
    ...{ format: FORMAT, version: VERSION, exportedAt: new Date().toISOString() },
    store: store.name.split(':', 1)[0] ?? '',
    keys: [...keys].toSorted(),
    ...{ records, revocations },
  }
}
