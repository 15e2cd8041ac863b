import { setTimeout as wait } from 'node:timers/promises'
import { createRandom } from '../attacks/malformed-requests.ts'
import { type Crowd, type Person, startCrowd } from './crowd.ts'
import { within } from './deadline.ts'
import { type Disturbance, disturb } from './disturbances.ts'
import type { Ledger, RevokedSession } from './ledger.ts'
import type { Replica, RunningReplicas } from './replicas.ts'

export type ChaosOptions = {
  /** The same seed has the same things go wrong in the same order. */
  readonly seed: number
  readonly seconds: number
  /** In the calm afterwards it goes on until people have done each thing so often. @default 0 */
  readonly times?: number
  /** @default 50 */
  readonly people?: number
  /** What a person thinks between two things, in milliseconds, on average. @default 700 */
  readonly pace?: number
}

export type ChaosReport = {
  /** What must never happen, and did. */
  readonly wrongs: readonly string[]
  /** How often each thing was done, to and by the servers. */
  readonly counts: ReadonlyMap<string, number>
  /** Of what did not work for the moment, some. */
  readonly failures: readonly string[]
}

/** How long a revoked token may be let in: by a replica that has the store, and by any, in milliseconds. */
const REVOKED_WITHIN = 2000
const REVOKED_WITHOUT_STORE = 30_000

/** What people do, by the name that it has in the counts. */
export const DOINGS = ['sign-ins', 'refreshes', 'expenses', 'revocations', 'replays'] as const

/** How long the calm lasts, and what it may take besides where a machine is busy, in milliseconds. */
const CALM = { min: 5000, max: 60_000 }

/** How long people try at the end, when everything runs again, in milliseconds. */
const PATIENCE = 60_000

/** Has everything go wrong while people work, and holds what came of it against the promises. */
export async function runChaos(
  running: RunningReplicas,
  { seed, seconds, times = 0, people = 50, pace = 700 }: ChaosOptions,
): Promise<ChaosReport> {
  const random = (name: string) => createRandom(seed ^ hash(name))
  const { url, emulator } = running
  const crowd = startCrowd({ url, emulator, size: people, random, pace })
  const disturbances = disturb(running, random)
  const watching = new AbortController()
  const watch = watchRevoked(running, crowd.ledger, disturbances.done, watching.signal)
  try {
    await wait(seconds * 1000)
    await disturbances.stop()
    // What was ended in the last moments is now to be refused within two seconds, by everybody.
    await wait(CALM.min)
    const end = performance.now() + CALM.max
    while (performance.now() < end && isTooLittle(crowd.ledger, times)) await wait(100)
  } finally {
    await crowd.stop()
    watching.abort()
    await watch
  }
  await checkPromises(running, crowd)
  return reportOf(crowd, disturbances.done)
}

function isTooLittle({ counts }: Ledger, times: number): boolean {
  return DOINGS.some((what) => (counts.get(what) ?? 0) < times)
}

function reportOf({ ledger }: Crowd, disturbances: readonly Disturbance[]): ChaosReport {
  const counts = new Map(ledger.counts)
  counts.set('failures', ledger.failures.length)
  for (const { what } of disturbances) counts.set(what, (counts.get(what) ?? 0) + 1)
  return { wrongs: ledger.wrongs, counts, failures: ledger.failures.slice(0, 20) }
}

/** FNV-1a: each lane and each person has chances of their own, whatever the others do. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (const char of text) value = Math.imul(value ^ (char.codePointAt(0) ?? 0), 0x01000193)
  return value >>> 0
}

/** Asks with what was revoked, on every replica, as long as it could still be let in. */
async function watchRevoked(
  { replicas, store }: RunningReplicas,
  ledger: Ledger,
  disturbances: readonly Disturbance[],
  stopping: AbortSignal,
): Promise<void> {
  while (!stopping.aborted) {
    const outages = disturbances.filter(({ of }) => of === 'store' && !store.isReadable)
    const recent = ledger.revoked.filter(({ at }) => performance.now() - at < 35_000)
    for (const session of recent.slice(-20)) {
      await Promise.all(
        replicas.map((replica) => checkRefused(session, replica, { ledger, outages })),
      )
    }
    await wait(100)
  }
}

async function checkRefused(
  { name, tokens, at }: RevokedSession,
  replica: Replica,
  { ledger, outages }: { ledger: Ledger; outages: readonly Disturbance[] },
): Promise<void> {
  const asked = performance.now()
  const status = await replica.askGate(tokens.access_token).catch(() => 0)
  if (status !== 200) return
  // One that has the store back has two seconds to hear of it.
  const isCutOff = outages.some(({ from, until }) => from < asked && until > asked - REVOKED_WITHIN)
  const limit = isCutOff ? REVOKED_WITHOUT_STORE : REVOKED_WITHIN
  if (asked - at > limit) {
    ledger.wrongs.push(
      `${name} was let in by ${replica.name} ${Math.round(asked - at)} ms after the end`,
    )
  }
}

/** When everything runs again: what was promised is so. */
async function checkPromises(running: RunningReplicas, { people, ledger }: Crowd): Promise<void> {
  const wrong = (text: string) => void ledger.wrongs.push(text)
  await inGroups(people, (person) => checkSignedIn(person, wrong))
  await inGroups(ledger.revoked, (session) => checkSignedOut(session, running.replicas, wrong))
  const times = new Map<string, number>()
  for (const text of await running.store.expenses()) times.set(text, (times.get(text) ?? 0) + 1)
  for (const text of ledger.confirmed) {
    if (!times.has(text)) wrong(`a confirmed expense is gone: ${text}`)
  }
  for (const [text, count] of times) {
    if (count > 1) wrong(`an expense is there ${count} times: ${text}`)
    if (!ledger.attempted.has(text)) wrong(`an expense that nobody sent: ${text}`)
  }
}

async function checkSignedIn(
  { name, session }: Person,
  wrong: (text: string) => void,
): Promise<void> {
  if (!session || session.isLeaving) return
  const { client, client_id, tokens, authorization, code, spent } = session
  const renewed = await settled(() => client.refresh(client_id, tokens.refresh_token))
  const body = (await renewed.json()) as Record<string, string>
  if (renewed.status !== 200) return wrong(`${name} is signed out: ${JSON.stringify(body)}`)
  const token = body.access_token as string
  const call = await settled(() => client.mcp(token, { method: 'tools/list' }))
  await call.body?.cancel()
  if (call.status !== 200) wrong(`${name} is not let in: ${call.status}`)
  const [first] = spent
  const replays = [
    () => client.exchange(authorization, code),
    ...(first ? [() => client.refresh(client_id, first)] : []),
  ]
  for (const replay of replays) {
    const again = await settled(replay)
    await again.body?.cancel()
    if (again.status === 200) wrong(`${name}: what had been used was honoured at the end`)
  }
}

async function checkSignedOut(
  { name, client, client_id, tokens }: RevokedSession,
  replicas: readonly Replica[],
  wrong: (text: string) => void,
): Promise<void> {
  const renewed = await settled(() => client.refresh(client_id, tokens.refresh_token))
  await renewed.body?.cancel()
  if (renewed.status !== 400) wrong(`${name} was renewed after the end: ${renewed.status}`)
  for (const replica of replicas) {
    const status = await replica.askGate(tokens.access_token)
    if (status !== 401) wrong(`${name} at ${replica.name} after the end: ${status}`)
  }
}

/** An answer that is one: what fails for the moment is asked again. */
async function settled(ask: () => Promise<Response>): Promise<Response> {
  for (const deadline = Date.now() + PATIENCE; ; await wait(500)) {
    const response = await within(PATIENCE, 'an answer, when everything runs again', ask())
    if (response.status < 500 || Date.now() > deadline) return response
    await response.body?.cancel()
  }
}

async function inGroups<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < items.length; at += 10) {
    await Promise.all(items.slice(at, at + 10).map(work))
  }
}
