import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { createBrowser } from '../support/browser.ts'
import { codeOf, createOAuthClient, json, signIn } from '../support/oauth-client.ts'
import type { Order, ReplicaOptions, Report } from './replica-process.ts'
import {
  countEntraCalls,
  isLet,
  type Replicas,
  redemptionOf,
  refreshOf,
  startReplicas,
} from './support.ts'

const COUNT = 8

let replicas: Replicas
let processes: readonly ChildProcess[]
before(async () => {
  replicas = await startReplicas()
  const { path, options } = replicas
  const { url, secret, entra } = options
  const given = { url, file: path, secret, entra } as ReplicaOptions
  processes = Array.from({ length: COUNT }, () =>
    fork(join(import.meta.dirname, 'replica-process.ts')),
  )
  const ready = processes.map(nextMessage)
  for (const child of processes) child.send(given)
  assert.deepEqual(await Promise.all(ready), Array(COUNT).fill('ready'))
})
after(async () => {
  const exits = processes.map((child) => once(child, 'exit'))
  for (const child of processes) child.disconnect()
  await Promise.all(exits)
  await replicas[Symbol.asyncDispose]()
})

suite(`${COUNT} processes over one store and one key`, () => {
  test('that refresh with one token at the same moment get one successor, of one call to Entra; 61 s later they end the family, and say so once (fastmcp W2, W4)', async () => {
    const { server } = replicas
    const signedIn = await signIn(server.url)
    const parameters = refreshOf(signedIn, signedIn.tokens)
    const calls = () => countEntraCalls(server.emulator, 'refresh_token')
    const before = calls()
    const first = await orderAll({ task: 'token', parameters, times: 1, ahead: 0 })
    const answers = first.flatMap((report) => report.answers)
    assert.deepEqual(
      answers.map(({ status }) => status),
      Array(COUNT).fill(200),
    )
    const successors = new Set(answers.map(({ body }) => body.refresh_token))
    assert.equal(successors.size, 1)
    assert.equal(successors.has(signedIn.tokens.refresh_token), false)
    assert.equal(calls() - before, 1)
    const accessToken = answers[0]?.body.access_token as string
    assert.equal(await isLet(signedIn, accessToken), true)

    const late = await orderAll({ task: 'token', parameters, times: 1, ahead: 61 })
    for (const { status, body } of late.flatMap((report) => report.answers)) {
      assert.deepEqual([status, body.error], [400, 'invalid_grant'])
      assert.match(String(body.error_description), /has revoked the sign-in|has been revoked/)
    }
    await assertRefusedEverywhere(accessToken)
    assertToldOnce(late, /had been replaced long before was used again/)
    assert.equal(calls() - before, 1)
    const [successor] = successors
    const renewal = { ...parameters, refresh_token: String(successor) }
    const [report] = await orderAll({ task: 'token', parameters: renewal, times: 1, ahead: 61 })
    assert.equal(report?.answers[0]?.body.error, 'invalid_grant')
  })

  test('that redeem one code 50 times at once get one set of tokens, which is taken back (fastmcp W1, RFC 6749 §4.1.2)', async () => {
    const { server } = replicas
    const client = createOAuthClient(server.url)
    const { client_id } = await json<{ client_id: string }>(await client.register())
    const authorization = client.authorization(client_id)
    const until = authorization.redirect_uri
    const code = codeOf(await createBrowser().signIn(authorization.url, { until }))
    const parameters = redemptionOf(authorization, code)
    const timesOf = (turn: number) => Math.floor(50 / COUNT) + (turn < 50 % COUNT ? 1 : 0)
    const reports = await orderAll((turn) => ({
      ...{ task: 'token', parameters, ahead: 0 },
      times: timesOf(turn),
    }))
    const answers = reports.flatMap((report) => report.answers)
    assert.equal(answers.length, 50)
    const winners = answers.filter(({ status }) => status === 200)
    assert.equal(winners.length, 1)
    for (const { status, body } of answers.filter((answer) => !winners.includes(answer))) {
      assert.deepEqual([status, body.error], [400, 'invalid_grant'])
    }
    await assertRefusedEverywhere(winners[0]?.body.access_token as string)
    assertToldOnce(reports, /presented again after it had been redeemed/)
  })
})

/** Releases all of them together and waits for what they report. */
function orderAll(
  given: Unscheduled | ((turn: number) => Unscheduled),
): Promise<readonly Report[]> {
  // Long enough for the words to arrive everywhere; then each waits for the same moment.
  const at = performance.timeOrigin + performance.now() + 100
  return Promise.all(
    processes.map(async (child, turn) => {
      const order = typeof given === 'function' ? given(turn) : given
      const report = nextMessage(child)
      child.send({ ...order, at })
      return (await report) as Report
    }),
  )
}

type Unscheduled = Order extends infer O ? (O extends Order ? Omit<O, 'at'> : never) : never

/** No process lets the token in two seconds after it was revoked, this one included. */
async function assertRefusedEverywhere(token: string): Promise<void> {
  const here = performance.now()
  const reports = orderAll({ task: 'gate', token, ahead: 0 })
  const client = createOAuthClient(replicas.server.url)
  while (await isLet({ client }, token)) {
    assert.ok(performance.now() - here < 2000, 'still let in by the server after two seconds')
  }
  for (const { letFor = Number.POSITIVE_INFINITY } of await reports) {
    assert.ok(letFor < 2000, `let in for ${letFor} ms`)
  }
}

function assertToldOnce(reports: readonly Report[], message: RegExp): void {
  const told = reports
    .flatMap(({ logs }) => logs)
    .filter(({ event }) => event === 'grant.revoked')
    .map((event) => event.message)
  assert.equal(told.length, 1, told.join('\n'))
  assert.match(told[0] as string, message)
}

/** Fails when the process ends in place of speaking. */
async function nextMessage(child: ChildProcess): Promise<unknown> {
  const listening = new AbortController()
  const { signal } = listening
  const exit = once(child, 'exit', { signal }).then(([code, signal]) => {
    throw new Error(`The process ended with ${code ?? signal}.`)
  })
  try {
    const [message] = await Promise.race([once(child, 'message', { signal }), exit])
    return message
  } finally {
    exit.catch(() => {})
    listening.abort()
  }
}
