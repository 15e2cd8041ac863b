// What it costs that everything expires at one time.
import { setImmediate as nextRound } from 'node:timers/promises'
import type { Config } from '../../src/core/options.ts'
import { createSeen } from '../../src/core/seen.ts'
import type { Store } from '../../src/index.ts'
import { median, quantile, watchLoop } from './loop.ts'
import type { Subject } from './subjects.ts'

/** Longer than any grant lives. */
const LATER = 200 * 86_400 * 1000

export type Swept = {
  readonly when: string
  /** Median, 99 of a hundred, the longest, the longest pause, the most work of a turn; in milliseconds. */
  readonly times: readonly number[]
  /** How many records are there afterwards. */
  readonly left: number | undefined
}

/** So many sign-ins' creations as things are, and so many when all that there was has expired. */
export async function measureSweep(
  subject: Subject,
  store: Store,
  config: Config,
  creations: number,
): Promise<Swept[]> {
  const before = await create('nothing expires', subject, store, creations)
  await subject.expire?.()
  const now = Date.now
  Date.now = () => now() + LATER
  try {
    const during = await create('everything has expired', subject, store, creations)
    const walk = await watchLoop(() => createSeen({ ...config, store }).clients({ limit: 100 }))
    const times = [walk.took, walk.took, walk.took, walk.pause, walk.most]
    return [before, during, { when: 'a step of a walk', times, left: undefined }]
  } finally {
    Date.now = now
  }
}

async function create(when: string, subject: Subject, store: Store, count: number): Promise<Swept> {
  const times: number[] = []
  const value = 'x'.repeat(2400)
  const { pause, most } = await watchLoop(async () => {
    for (let i = 0; i < count; i++) {
      const id = `${when} ${i} ${Math.random()}`
      const expiresAt = Math.floor(Date.now() / 1000) + 86_400
      const owner = { person: `tenant/${i % 1000}`, client: 'the client of all' }
      const start = performance.now()
      await store.create({ key: `grant:${id}`, value, expiresAt, ...owner })
      times.push(performance.now() - start)
      await nextRound()
    }
  })
  const left = await subject.count()
  const longest = [median(times), quantile(times, 0.99), Math.max(...times), pause, most]
  return { when, times: longest, left }
}
