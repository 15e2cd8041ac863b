import { storeKeyIds } from '../../core/store-keys.ts'
import { isBeingFilled } from '../../core/unfinished-import.ts'
import type { Entrance, Store, StoredRecord, StoreFinding, StoreState } from '../../index.ts'
import { CommandError, EXIT } from '../exit-codes.ts'
import { readKeyList } from '../key-list.ts'
import { type OperatorOptions, show } from '../operator/connect.ts'
import { checkStoreIsThere, openServer, readSettings } from '../operator/on-store.ts'
import { writeTable } from '../operator/output.ts'
import { reaching } from '../operator/store-access.ts'
import { printableLine, type Terminal } from '../terminal.ts'
import { createRevocationReader, kindOf, pagesOf, sealedUnder } from '../walk-store.ts'

/** How many of the records that cannot be opened are named. */
const NAMED = 10

type Count = {
  /** Records by kind. */
  readonly kinds: Readonly<Record<string, number>>
  /** Records by the id of the key that they are sealed under. */
  readonly keys: readonly {
    readonly id: string
    readonly isHere: boolean
    readonly records: number
  }[]
  readonly unopened: { readonly count: number; readonly keys: readonly string[] }
  readonly revocations: number
}

export type StoreReport = {
  readonly store: string
  readonly isShared: boolean
  readonly findings: readonly StoreFinding[]
  /** Absent where the store has none. */
  readonly state?: StoreState | undefined
  /** Absent where what was found keeps it from being read. */
  readonly count?: Count
}

/** `entrance store check`: whether a server can rest on the store, and what is in it. */
export async function storeCheck(options: OperatorOptions, terminal: Terminal): Promise<void> {
  const settings = readSettings(options)
  checkStoreIsThere(settings)
  await checkKeysAreThere(options)
  const { entrance, store } = await openServer(settings)
  try {
    const report = await reaching(store, () => examine(entrance, store, terminal.signal))
    show(report, options, terminal, () => write(report, terminal))
    if (report.findings.some(({ severity }) => severity === 'error')) process.exitCode = EXIT.failed
  } finally {
    await entrance.close()
  }
}

/** A look must not make a key file, under which nothing would open. */
async function checkKeysAreThere(options: OperatorOptions): Promise<void> {
  const { keys, source } = await readKeyList(options)
  if (keys.length > 0) return
  throw new CommandError(`There are no keys: ${source} is not there.`, {
    cure: 'Restore it from a backup. A start would make a new one, and everybody would sign in again.',
  })
}

async function examine(
  entrance: Entrance,
  store: Store,
  signal: AbortSignal,
): Promise<StoreReport> {
  const { name, isShared } = store
  const found = await store.check()
  const state = await store.inspect?.()
  const about = { store: name, isShared, state }
  // What is damaged or has another schema is not read.
  if (found.some(({ severity }) => severity === 'error')) return { ...about, findings: found }
  await store.connect()
  const count = await countAll(entrance, store, signal)
  const findings = [...found, ...(await judge(entrance, store)), ...judgeCount(count)]
  return { ...about, findings, count }
}

async function countAll(entrance: Entrance, store: Store, signal: AbortSignal): Promise<Count> {
  const kinds = new Map<string, number>()
  const keys = new Map<string, number>()
  const unopened: StoredRecord['key'][] = []
  let unopenedCount = 0
  for await (const page of pagesOf(store, signal)) {
    for (const record of page) {
      raise(kinds, kindOf(record))
      const key = sealedUnder(record)
      if (key !== undefined) raise(keys, key)
      if (entrance.records.opens(record) !== false) continue
      unopenedCount++
      if (unopened.length < NAMED) unopened.push(record.key)
    }
  }
  const revocations = createRevocationReader(store)
  await revocations.read()
  const here = new Set(entrance.keys().keys)
  return {
    kinds: Object.fromEntries([...kinds].toSorted()),
    keys: [...keys].toSorted().map(([id, records]) => ({ id, isHere: here.has(id), records })),
    unopened: { count: unopenedCount, keys: unopened },
    revocations: revocations.count,
  }
}

function raise(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}

/** What would keep a server from starting on it. */
async function judge(entrance: Entrance, store: Store): Promise<readonly StoreFinding[]> {
  const findings: StoreFinding[] = []
  const [latest] = await storeKeyIds(store)
  const { keys } = entrance.keys()
  if (latest !== undefined && !keys.includes(latest)) {
    findings.push({
      severity: 'error',
      problem: `It was last written with key ${latest}; the keys here are: ${keys.join(', ')}.`,
      cure: 'Give that key as well: a server without it does not start.',
    })
  }
  if (await isBeingFilled(store)) {
    findings.push({
      severity: 'error',
      problem: 'An import into it has not ended: a part of it is missing.',
      cure: 'Run it again, it goes on where it was: entrance store import FILE',
    })
  }
  return findings
}

function judgeCount({ unopened: { count, keys } }: Count): readonly StoreFinding[] {
  if (count === 0) return []
  const more = count > keys.length ? ' and more' : ''
  return [
    {
      severity: 'warning',
      problem: `${count} of its records cannot be opened here: of a key that is gone, of another app registration, or damaged. ${keys.join(', ')}${more}`,
      cure: 'Give the keys that are not here, if there still are any. Else their people sign in again; nothing has to be done.',
    },
  ]
}

function write({ store, findings, state, count }: StoreReport, terminal: Terminal): void {
  terminal.out(store)
  if (state?.schema !== undefined) terminal.out(`Schema: version ${state.schema}`)
  if (count) {
    writeTable(['RECORDS', 'COUNT'], Object.entries(count.kinds), terminal)
    const rows = count.keys.map(({ id, isHere, records }) => [
      id,
      isHere ? 'here' : 'gone',
      records,
    ])
    if (rows.length > 0) writeTable(['KEY', 'IS', 'RECORDS'], rows, terminal)
    terminal.out(`Revocations in force: ${count.revocations}`)
  }
  if (state) terminal.out(`Expired, and not yet cleared away: ${state.expired}`)
  for (const { severity, problem, cure } of findings) {
    const colour = severity === 'error' ? 'red' : 'yellow'
    terminal.out(`${terminal.format(colour, severity)}: ${printableLine(problem)}`)
    terminal.out(`  ${printableLine(cure)}`)
  }
  if (findings.length === 0) terminal.out('Nothing stands against it.')
}
