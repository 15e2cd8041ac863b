// What the gate takes of the processor, in a process of its own: `measure.ts ROUNDS COUNT`.
// Prints what parts/gate.ts reads: samples by name, in microseconds of a request.
import { createEntrance, type Entrance } from '../../src/index.ts'
import { createEntranceMetrics } from '../../src/operator/http.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { badTokens, goodTokens, optionsOf, requestWith } from './requests.ts'

type Handle = (request: Request) => Promise<Response>

const [rounds = 5, count = 2000] = process.argv.slice(2).map(Number)

/** So many requests are answered in one way, then as many in the other. */
const SLICE = 250

/** How many rules of revocation are in force where some are. */
const RULES = 1000

const samples: Record<string, number[]> = {}

// What is behind the gate, as short as it can be.
const JSON_TYPE = { headers: { 'content-type': 'application/json' } }
const answer = () => new Response('{"jsonrpc":"2.0","id":1,"result":{}}', JSON_TYPE)
const EVENTS_TYPE = { headers: { 'content-type': 'text/event-stream' } }
const events = () => new Response('data: {}\n\n', EVENTS_TYPE)

/** So many times the same tokens, which shows what they cost once all is compiled. */
const REPEATS = 4
const over = (tokens: readonly string[]) =>
  Array.from({ length: count * REPEATS }, (_, i) => tokens[i % tokens.length] as string)

const good = goodTokens(count)
const known = over(good.slice(0, 64))
// None of these is remembered: each comes as if for the first time.
const bad = badTokens(64).map(({ name, tokens }) => ({ name, tokens: over(tokens) }))

// Until all is compiled; what that took is thrown away.
for (let round = 0; round < 3; round++) await measureRound(false)
for (const name of Object.keys(samples)) samples[name] = []
for (let round = 0; round < rounds; round++) await measureRound(round % 2 === 1)
process.stdout.write(`${JSON.stringify(samples)}\n`)

/** All of them, one after the other; every other round the other way round. */
async function measureRound(isReversed: boolean): Promise<void> {
  const metrics = createEntranceMetrics({ status: () => undefined })
  const plain = createEntrance(optionsOf())
  const counted = createEntrance(optionsOf({ observers: [metrics.observer] }))
  const ruled = createEntrance(optionsOf({ store: await storeWithRules() }))
  const all = [plain, counted, ruled]
  for (const entrance of all) await entrance.ready()
  const steps = [
    () => add('new', plain, good),
    () => add('seen', plain, known),
    () => add('seen, counted', counted, known),
    () => add('seen, rules', ruled, known),
    () => add('seen, events', plain, known, events),
    ...bad.map(
      ({ name, tokens }) =>
        () =>
          add(name, plain, tokens, null),
    ),
  ]
  for (const step of isReversed ? steps.toReversed() : steps) await step()
  metrics.close()
  for (const entrance of all) await entrance.close()
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
  globalThis.gc?.()
  let difference = 0
  for (let at = 0; at < tokens.length; at += SLICE) {
    const slice = tokens.slice(at, at + SLICE)
    difference += (await cpuOf(guarded, slice, status)) - (await cpuOf(bare, slice, 200))
  }
  samples[name] = [...(samples[name] ?? []), difference / tokens.length]
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

/** None of them is about the tokens that come. */
async function storeWithRules() {
  const store = memoryStore()
  const now = Math.floor(Date.now() / 1000)
  for (let i = 0; i < RULES; i++) {
    const kind = (['grant', 'person', 'client'] as const)[i % 3] ?? 'grant'
    await store.revoke({ kind, id: `another ${i}`, issuedUntil: now, expiresAt: now + 3600 })
  }
  return store
}
