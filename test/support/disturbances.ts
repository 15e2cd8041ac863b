import { setTimeout as wait } from 'node:timers/promises'
import type { FaultAction, RunningEmulator } from '../../src/emulator/emulator.ts'
import type { Random } from '../attacks/malformed-requests.ts'
import type { Replica, RunningReplicas } from './replicas.ts'
import type { SharedStore } from './shared-store.ts'

/** What was done to the servers, and when, by `performance.now()`. */
export type Disturbance = {
  readonly what: string
  readonly of: 'replica' | 'store' | 'Entra'
  readonly from: number
  /** Infinity while it lasts. */
  until: number
}

/** Something or other going wrong all the time. */
export type Disturbances = {
  readonly done: readonly Disturbance[]
  /** Ends the last ones; everything runs again when it resolves. */
  stop(): Promise<void>
}

type Lane = {
  readonly random: Random
  readonly stopping: AbortSignal
  readonly begin: (of: Disturbance['of'], what: string) => Disturbance
}

/** How long what is cut off stays so at most, in milliseconds. */
const OUTAGE_MAX = 4000

/** A supervisor tries again for so long, in milliseconds. */
const START_TIMEOUT = 60_000

/** Three lanes that know nothing of one another: replicas, the store, Entra. */
export function disturb(
  { replicas, store, emulator }: RunningReplicas,
  randomOf: (name: string) => Random,
): Disturbances {
  const stopping = new AbortController()
  const done: Disturbance[] = []
  const begin: Lane['begin'] = (of, what) => {
    const begun = { of, what, from: performance.now(), until: Number.POSITIVE_INFINITY }
    done.push(begun)
    return begun
  }
  const laneOf = (name: string) => ({ random: randomOf(name), stopping: stopping.signal, begin })
  const lanes = [
    repeat(laneOf('replicas'), 1500, (lane) => disturbReplica(replicas, lane)),
    repeat(laneOf('store'), 2500, (lane) => disturbStore(store, lane)),
    repeat(laneOf('Entra'), 2500, (lane) => disturbEntra(emulator, lane)),
  ]
  // What a lane fails of is thrown by `stop`.
  for (const lane of lanes) lane.catch(() => {})
  const stop = async () => {
    stopping.abort()
    await Promise.all(lanes)
  }
  return { done, stop }
}

async function repeat(
  lane: Lane,
  pause: number,
  once: (lane: Lane) => Promise<void>,
): Promise<void> {
  while (!lane.stopping.aborted) {
    await rest(lane.random.int(2 * pause), lane)
    if (!lane.stopping.aborted) await once(lane)
  }
}

/** Cut short when it is time to stop. */
async function rest(milliseconds: number, { stopping }: Lane): Promise<void> {
  await wait(milliseconds, undefined, { signal: stopping }).catch(() => {})
}

/** Mostly a crash; now and then an orderly restart. */
async function disturbReplica(replicas: readonly Replica[], lane: Lane): Promise<void> {
  const replica = lane.random.pick(replicas)
  const signal = lane.random.int(4) === 0 ? 'SIGTERM' : 'SIGKILL'
  const disturbance = lane.begin('replica', `${signal} to ${replica.name}`)
  await replica.stop(signal)
  await rest(lane.random.int(1000), lane)
  await restart(replica)
  disturbance.until = performance.now()
}

/** As a supervisor does: again, until it runs. */
async function restart(replica: Replica): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT
  for (;;) {
    try {
      return await replica.start()
    } catch (error) {
      if (Date.now() > deadline) throw error
      await wait(300)
    }
  }
}

async function disturbStore(store: SharedStore, lane: Lane): Promise<void> {
  if (store.restart && lane.random.int(3) === 0) {
    const disturbance = lane.begin('store', `${store.kind} restarted`)
    await store.restart()
    disturbance.until = performance.now()
    return
  }
  const disturbance = lane.begin('store', `${store.kind} cut off`)
  const comeBack = await store.cutOff()
  await rest(300 + lane.random.int(OUTAGE_MAX), lane)
  await comeBack()
  disturbance.until = performance.now()
}

const OUTAGES: readonly (readonly [string, FaultAction])[] = [
  ['slow', { delay: 1500 }],
  ['very slow', { delay: 4000 }],
  ['down', { drop: 'request' }],
  ['down after the work', { drop: 'response' }],
  ['busy', { status: 503, retryAfter: 1 }],
  ['failing', { status: 500, html: true }],
]

async function disturbEntra({ faults }: RunningEmulator, lane: Lane): Promise<void> {
  const [what, action] = lane.random.pick(OUTAGES)
  const disturbance = lane.begin('Entra', `Entra ${what}`)
  const { id } = faults.add({ match: { endpoint: 'token' }, action })
  await rest(300 + lane.random.int(OUTAGE_MAX), lane)
  faults.remove(id)
  disturbance.until = performance.now()
}
