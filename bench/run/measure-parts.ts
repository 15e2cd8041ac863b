// One part after the other. What one of them cannot do is no reason to know nothing of the others.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Measured, Part } from '../kit/part.ts'
import type { Options } from './options.ts'
import { endChildren } from './own-folder.ts'

/** What became of a part. */
export type Outcome = { readonly part: Part } & (
  | { readonly is: 'measured'; readonly seconds: number; readonly measured: Measured }
  | { readonly is: 'failed'; readonly seconds: number; readonly why: string }
  | { readonly is: 'left out'; readonly why: string }
)

/** What takes longer hangs: in minutes. */
const LIMIT = 20

export async function measureParts(
  parts: readonly Part[],
  { isQuick, rounds, only }: Pick<Options, 'isQuick' | 'rounds' | 'only'>,
  folder: string,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  for (const part of parts) {
    signal.throwIfAborted()
    const why = whyLeftOut(part, isQuick, only)
    if (why) {
      outcomes.push({ part, is: 'left out', why })
      continue
    }
    const own = join(folder, part.name)
    // Its databases may belong to another user.
    mkdirSync(own, { mode: 0o711 })
    say(`${part.name}: ${part.title} …`)
    const run = {
      isQuick,
      rounds,
      folder: own,
      say: (line: string) => say(`${part.name}: ${line}`),
    }
    const outcome = await measurePart(part, run)
    if (outcome.is === 'failed' && !signal.aborted) say(`${part.name} failed: ${outcome.why}`)
    outcomes.push(outcome)
    // The next one is to have the machine to itself.
    const left = signal.aborted ? 0 : await endChildren()
    if (left > 0) say(`${part.name}: ended ${left} of its processes, which were left`)
  }
  return outcomes
}

async function measurePart(part: Part, run: Parameters<Part['measure']>[0]): Promise<Outcome> {
  const began = performance.now()
  const seconds = () => (performance.now() - began) / 1000
  // Of an error that it does not wait for, it would never hear.
  const { promise: stray, reject } = Promise.withResolvers<never>()
  const late = new Error(`it did not come to an end within ${LIMIT} minutes`)
  const limit = setTimeout(() => reject(late), LIMIT * 60_000)
  process.on('uncaughtException', reject)
  try {
    const measured = await Promise.race([part.measure(run), stray])
    return { part, is: 'measured', seconds: seconds(), measured }
  } catch (error) {
    return { part, is: 'failed', seconds: seconds(), why: reasonOf(error) }
  } finally {
    clearTimeout(limit)
    process.off('uncaughtException', reject)
  }
}

function whyLeftOut({ name, isQuick }: Part, isQuickRun: boolean, only: Options['only']) {
  if (only && !only.includes(name)) return 'not asked for'
  if (isQuickRun && !isQuick) return 'not in the quick form'
  return undefined
}

/** What it says of itself, but for what an address carries beside the host. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.replaceAll(/:\/\/[^\s/@]*@/g, '://…@').trim() || 'it did not say why'
}
