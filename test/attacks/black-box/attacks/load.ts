import { setTimeout as wait } from 'node:timers/promises'
import { type Attack, fell, holds, notApplicable, partly, withstood } from '../attack.ts'
import { authorization, isLet, refresh, register, says, toAnswer, tokensOf } from '../client.ts'
import { open, placeOf, signIn } from '../flow.ts'
import { measure } from '../measure.ts'
import type { Target } from '../target.ts'

/** What a stranger can fill or wear out, and what outlasts a restart. */
export const load: readonly Attack[] = [
  {
    name: 'a registration of 3 MB is refused',
    rows: ['fastmcp W14'],
    severity: 'high',
    run: async (target) => {
      const answer = await register(target, { client_name: 'x'.repeat(3_000_000) }).catch(cutOff)
      return holds(answer.status >= 400 && answer.status < 500, says(answer))
    },
  },
  {
    name: 'registrations of everybody leave memory and storage as they were',
    rows: ['ts-peers 12', 'fastmcp W14', 'user-asks T19', 'gateways 6p'],
    severity: 'high',
    needsOwnServer: true,
    run: (target) =>
      storm(target, 'registrations', (i) => {
        const client_name = `Client ${i} ${'x'.repeat(i % 20 === 0 ? 500_000 : 2000)}`
        const redirect_uris = [`http://127.0.0.1:${10_000 + i}/cb/${i}`]
        // Not patiently: a limit is a defence here.
        return register(target, { client_name, redirect_uris }, fetch)
      }),
  },
  {
    name: 'sign-ins that nobody goes on with leave memory and storage as they were',
    rows: ['fastmcp W19', 'ts-peers 12'],
    severity: 'high',
    needsOwnServer: true,
    run: (target) =>
      storm(target, 'requests', async () => {
        const { url } = authorization(target, { state: 'x'.repeat(2000) })
        return toAnswer(await fetch(url, { redirect: 'manual' }))
      }),
  },
  {
    name: 'a restart signs nobody out, and forgets no client',
    rows: ['ts-peers 35', 'user-asks T5'],
    severity: 'medium',
    needsOwnServer: true,
    run: async (target) => {
      const { tokens, client } = await signIn(target)
      await target.product.restart()
      const isIn = await isLet(target, tokens.access_token)
      const answer = await refresh(target, client, tokens.refresh_token)
      const page = await open(target, target.browser(), authorization(target).url)
      const known = placeOf(target, page) === 'consent'
      const evidence = `access token ${isIn ? 'good' : 'refused'}, refresh ${says(answer)}, client ${known ? 'known' : 'unknown'}`
      if (isIn && tokensOf(answer) && known) return withstood(evidence)
      return isIn || tokensOf(answer) || known ? partly(evidence) : fell(evidence)
    },
  },
]

const cutOff = () => ({ status: 413, headers: new Headers(), body: {}, text: 'connection cut' })

const WARM_UP = 500
const STORM = 2000
const ROUNDS = 3
const MEMORY_LIMIT = 64 * 1024 * 1024
const STORAGE_LIMIT = 1024 * 1024

/**
 * A request 2,000 times, each another one, after 500 that show what the work itself takes; up to
 * three times over. What is only garbage leaves room for the next storm, and what is kept does not:
 * memory that stays flat in one of them is not filled by any.
 */
async function storm(
  target: Target,
  what: string,
  send: (i: number) => Promise<{ status: number }>,
) {
  if (target.product.pid === undefined) return notApplicable('its process is not known')
  const statuses = new Map<number, number>()
  let sent = 0
  const run = async (count: number) => {
    for (const end = sent + count; sent < end; sent += 8) {
      const batch = Array.from({ length: 8 }, (_, k) => send(sent + k).catch(cutOff))
      for (const { status } of await Promise.all(batch)) {
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
      }
    }
  }
  await run(WARM_UP)
  let memory = Number.POSITIVE_INFINITY
  let storage = 0
  for (let round = 0; round < ROUNDS && memory >= MEMORY_LIMIT; round++) {
    statuses.clear()
    const before = await measure(target.product)
    await run(STORM)
    // What is only garbage is given time to go.
    await wait(1000)
    const after = await measure(target.product)
    memory = after.memory - before.memory
    storage += after.storage - before.storage
  }
  const answers = [...statuses].map(([status, count]) => `${count} × ${status}`).join(', ')
  const evidence = `${STORM} ${what} (${answers}): memory ${mb(memory)}, storage ${mb(storage)}`
  const isFlat = memory < MEMORY_LIMIT && storage < STORAGE_LIMIT
  return holds(isFlat && !statuses.has(500), evidence)
}

const mb = (bytes: number) => `${bytes < 0 ? '' : '+'}${(bytes / 1024 / 1024).toFixed(1)} MB`
