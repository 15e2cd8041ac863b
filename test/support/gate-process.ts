import { setTimeout } from 'node:timers/promises'
import { openStore, type StoreSettings } from '../../src/cli/store-settings.ts'
import { createEntrance, type EntranceOptions } from '../../src/index.ts'

/** What a gate in a process of its own is made of; it comes as the first message. */
export type GateOptions = Pick<EntranceOptions, 'url' | 'entra' | 'secret'> & {
  readonly store: StoreSettings
}

/** When each of the tokens was first refused, in milliseconds since the epoch; in their order. */
export type Refusals = readonly number[]

/** How long it waits for the refusal of them all, in milliseconds. */
const DEADLINE = 120_000

process.once('message', async ({ store, ...options }: GateOptions) => {
  const entrance = createEntrance({ ...options, store: await openStore(store) })
  await entrance.ready()
  process.once('disconnect', () => void entrance.close())
  process.once('message', async (tokens: readonly string[]) => {
    const { host } = new URL(options.url)
    const isLet = (token: string) =>
      entrance.authenticate({ authorization: `Bearer ${token}`, host }).isAllowed
    process.send?.(tokens.every(isLet) ? 'let in' : 'refused from the start')
    process.send?.(await watch(tokens, isLet))
  })
  process.send?.('ready')
})

async function watch(
  tokens: readonly string[],
  isLet: (token: string) => boolean,
): Promise<Refusals> {
  const refusedAt = tokens.map(() => Number.POSITIVE_INFINITY)
  const left = new Set(tokens.keys())
  const end = performance.now() + DEADLINE
  while (left.size > 0 && performance.now() < end) {
    for (const i of left) {
      if (isLet(tokens[i] as string)) continue
      refusedAt[i] = performance.timeOrigin + performance.now()
      left.delete(i)
    }
    await setTimeout(2)
  }
  return refusedAt
}
