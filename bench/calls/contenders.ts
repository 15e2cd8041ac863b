// Who is asked, and by what tokens.

import type { Measured, Run } from '../kit/part.ts'
import { applyLoad } from '../load/apply-load.ts'
import { startBare } from '../subjects/bare.ts'
import { startEmulatorProcess } from '../subjects/emulator.ts'
import { type EntranceSubject, startEntrance } from '../subjects/entrance.ts'
import { startFixed } from '../subjects/fixed.ts'
import type { Subject } from '../subjects/subject.ts'
import { checkCall, PROOF } from '../subjects/tool-call.ts'
import { startUnchecked } from '../subjects/unchecked.ts'

export type Contenders = AsyncDisposable & {
  readonly entrance: EntranceSubject
  readonly unchecked: Subject
  readonly bare: Subject
  readonly fixed: Subject
  /** Other people's, with their Azure providers. */
  readonly peers: readonly Subject[]
  readonly absent: Measured['absent']
}

/** Starts them all; each has been asked until its code is compiled. */
export async function startContenders(run: Run): Promise<Contenders> {
  await using started = new AsyncDisposableStack()
  const emulator = started.use(await startEmulatorProcess())
  const entrance = started.use(await startEntrance(run, emulator))
  const unchecked = started.use(await startUnchecked(run))
  const bare = started.use(await startBare())
  const fixed = started.use(await startFixed(await checkCall(entrance.call)))
  const all = [entrance, unchecked, bare, fixed]
  for (const subject of all) await warmUp(subject, run.isQuick ? 1 : 2)
  const running = started.move()
  const dispose = () => running.disposeAsync()
  return {
    ...{ entrance, unchecked, bare, fixed, peers: [], absent: [] },
    [Symbol.asyncDispose]: dispose,
  }
}

async function warmUp({ call }: Subject, seconds: number): Promise<void> {
  await applyLoad({ ...call, contains: PROOF, connections: 16, warmUp: 0, seconds })
}
