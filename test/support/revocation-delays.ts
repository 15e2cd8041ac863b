import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { openStore, type StoreSettings } from '../../src/cli/store-settings.ts'
import type { GateOptions, Refusals } from './gate-process.ts'
import { signIn } from './oauth-client.ts'
import { startEntrance } from './start.ts'

export type DelayOptions = {
  readonly store: StoreSettings
  /** How many sessions are revoked, one after the other. */
  readonly revocations: number
  /** How many processes have the store in common, besides the one that revokes. */
  readonly processes: number
}

/** How long the operator waits between two, in milliseconds: no multiple of a poll's. */
const PAUSE = 37

/**
 * How long tokens were still let in after the operator's word, in each of several processes: in
 * milliseconds, from the call on, the shortest first.
 */
export async function measureDelays(options: DelayOptions): Promise<readonly number[]> {
  const secret = randomBytes(32).toString('base64url')
  const store = await openStore(options.store)
  await using server = await startEntrance({ entrance: { store, secret } })
  const { tenantId, application, origin: authority } = server.emulator
  const entra = { tenantId, ...application, authority }
  const given = { url: server.url, secret, store: options.store, entra }
  const gates = await startGates(options.processes, given)
  try {
    const tokens = await signInOften(server.url, options.revocations)
    for (const said of await tellAll(gates, tokens)) assert.equal(said, 'let in')
    const refusals = Promise.all(gates.map((gate) => nextMessage(gate) as Promise<Refusals>))
    const { sessions } = server.entrance.operator.as('the measurement')
    const revokedAt: number[] = []
    for (const token of tokens) {
      revokedAt.push(performance.timeOrigin + performance.now())
      await sessions.revoke({ session: grantOf(token) })
      await setTimeout(PAUSE)
    }
    const delays = (await refusals).flatMap((times) =>
      times.map((time, i) => time - (revokedAt[i] as number)),
    )
    return delays.toSorted((a, b) => a - b)
  } finally {
    await Promise.all(gates.map(stop))
  }
}

/** The value that so many of a hundred are not above. */
export function percentile(sorted: readonly number[], percent: number): number {
  return sorted[Math.ceil((sorted.length * percent) / 100) - 1] ?? Number.NaN
}

async function startGates(count: number, given: GateOptions): Promise<readonly ChildProcess[]> {
  const gates = Array.from({ length: count }, () =>
    fork(join(import.meta.dirname, 'gate-process.ts')),
  )
  for (const said of await tellAll(gates, given)) assert.equal(said, 'ready')
  return gates
}

async function signInOften(url: string, count: number): Promise<readonly string[]> {
  const tokens: string[] = []
  while (tokens.length < count) {
    // One client keeps no more than some sign-ins of one person.
    const metadata = { client_name: `Client ${tokens.length}` }
    tokens.push((await signIn(url, { metadata })).tokens.access_token)
  }
  return tokens
}

function grantOf(token: string): string {
  const [, payload = ''] = token.split('.')
  return JSON.parse(Buffer.from(payload, 'base64url').toString()).gid
}

function tellAll(gates: readonly ChildProcess[], message: object): Promise<readonly unknown[]> {
  const answers = gates.map(nextMessage)
  for (const gate of gates) gate.send(message)
  return Promise.all(answers)
}

async function nextMessage(gate: ChildProcess): Promise<unknown> {
  const ended = once(gate, 'exit').then(([code]) => {
    throw new Error(`A gate ended with ${code}.`)
  })
  ended.catch(() => {})
  const [message] = await Promise.race([once(gate, 'message'), ended])
  return message
}

async function stop(gate: ChildProcess): Promise<void> {
  if (gate.exitCode !== null) return
  const exit = once(gate, 'exit')
  if (gate.connected) gate.disconnect()
  await exit
}
