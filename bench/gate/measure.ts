// What the gate takes of the processor, in a process of its own: `measure.ts ROUNDS COUNT`.
// Prints what parts/gate.ts reads: samples by name, in microseconds of a request.
import { generateKeyPairSync, sign } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { verifyES256 } from '../../src/core/tokens/es256.ts'
import { createEntrance, type Entrance } from '../../src/index.ts'
import { createEntranceMetrics } from '../../src/operator/http.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { badTokens, goodTokens, optionsOf, requestWith } from './requests.ts'

type Handle = (request: Request) => Promise<Response>

const [rounds = 5, count = 2000] = process.argv.slice(2).map(Number)

/** So many requests are answered in one way, then as many in the other. */
const SLICE = 250

/** So many times the same tokens, where they need not be new. */
const REPEATS = 2

/** How many rules of revocation are in force. */
const RULES = 1000

const samples: Record<string, number[]> = {}

// What is behind the gate, as short as it can be.
const JSON_TYPE = { headers: { 'content-type': 'application/json' } }
const answer = () => new Response('{"jsonrpc":"2.0","id":1,"result":{}}', JSON_TYPE)
const EVENTS_TYPE = { headers: { 'content-type': 'text/event-stream' } }
const events = () => new Response('data: {}\n\n', EVENTS_TYPE)

const repeated = (tokens: readonly string[]) =>
  Array.from({ length: count * REPEATS }, (_, i) => tokens[i % tokens.length] as string)

const known = repeated(goodTokens(64))
// None of these is remembered: each comes as if for the first time.
const bad = badTokens(64).map(({ name, tokens }) => ({ name, tokens: repeated(tokens) }))

// A signature of something else takes as long to check as a good one.
const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const signer = { key: keys.privateKey, dsaEncoding: 'ieee-p1363' } as const
const signature = sign('sha256', Buffer.from('another text'), signer)

// As one that has run for a while: some sign-ins have been ended, and somebody looks at metrics.
// One for all rounds, for each is compiled anew.
const metrics = createEntranceMetrics({ status: () => undefined })
const store = await storeWithRules()
const entrance = createEntrance(optionsOf({ store, observers: [metrics.observer] }))
const plain = createEntrance(optionsOf())
for (const each of [entrance, plain]) await each.ready()

// Until all is compiled; what that took is thrown away.
for (let round = 0; round < 3; round++) await measureRound(false)
for (const name of Object.keys(samples)) samples[name] = []
for (let round = 0; round < rounds; round++) await measureRound(round % 2 === 1)
process.stdout.write(`${JSON.stringify(samples)}\n`)
metrics.close()
for (const each of [entrance, plain]) await each.close()

/** All of them, one after the other; every other round the other way round. */
async function measureRound(isReversed: boolean): Promise<void> {
  const steps = [
    addSignature,
    () => add('new', entrance, goodTokens(count)),
    () => add('seen', entrance, known),
    () => add('seen, no rules and no metrics', plain, known),
    () => add('seen, answered with events', entrance, known, events),
    ...bad.map(
      ({ name, tokens }) =>
        () =>
          add(name, entrance, tokens, null),
    ),
  ]
  for (const step of isReversed ? steps.toReversed() : steps) await step()
}

/**
 * What the gate adds to a request: with it, less without it. Where it refuses, nothing is behind it,
 * and without it there is but the request.
 */
async function add(
  name: string,
  entrance: Entrance,
  tokens: readonly string[],
  handler: (() => Response) | null = answer,
): Promise<void> {
  const guarded = entrance.protect(handler ?? answer)
  const prepared = new Response()
  const bare = async () => handler?.() ?? prepared
  const status = handler ? 200 : 401
  // Garbage is left to come when it comes: `gc()` has V8 forget what it had compiled, too.
  let difference = 0
  for (let at = 0; at < tokens.length; at += SLICE) {
    const slice = tokens.slice(at, at + SLICE)
    // Revocations have to be read in between, or the gate vouches for nothing.
    await setImmediate()
    difference += (await cpuOf(guarded, slice, status)) - (await cpuOf(bare, slice, 200))
  }
  keep(name, difference / tokens.length)
}

/** Microseconds of the processor for all of them. A request is made as it comes, as servers do. */
async function cpuOf(handle: Handle, tokens: readonly string[], status: number): Promise<number> {
  const before = process.cpuUsage()
  for (const token of tokens) {
    const response = await handle(requestWith(token))
    if (response.status !== status) throw new Error(`${response.status}: ${await response.text()}`)
    // Events count to their end.
    if (response.headers.get('content-type') === 'text/event-stream') await response.text()
  }
  const { user, system } = process.cpuUsage(before)
  return user + system
}

/** What checking a signature takes alone: no new token can cost less. */
async function addSignature(): Promise<void> {
  const before = process.cpuUsage()
  for (let i = 0; i < count; i++) verifyES256('a text', keys.publicKey, signature)
  const { user, system } = process.cpuUsage(before)
  keep('signature', (user + system) / count)
}

function keep(name: string, microseconds: number): void {
  samples[name] = [...(samples[name] ?? []), microseconds]
}

/** None of them is about the tokens that come. */
async function storeWithRules() {
  const store = memoryStore()
  const now = Math.floor(Date.now() / 1000)
  const kinds = ['grant', 'person', 'client'] as const
  for (let i = 0; i < RULES; i++) {
    const kind = kinds[i % kinds.length] ?? 'grant'
    await store.revoke({ kind, id: `another ${i}`, issuedUntil: now, expiresAt: now + 3600 })
  }
  return store
}
