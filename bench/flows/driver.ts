// The other side of what is measured, in a process of its own: people who sign in, renew and read
// metadata at one server. Orders come in as messages, and each is answered by what was done.

import { takeOrders } from '../kit/ordered.ts'
import type { SignedIn } from '../subjects/subject.ts'
import { type Ask, createAsk } from './ask.ts'
import { discover, type Endpoints, refresh, signIn } from './sign-in.ts'

/** What the driver is to do, at the server at `origin`. */
export type Order = {
  readonly origin: string
  readonly what: 'sign-ins' | 'refreshes' | 'metadata'
  /** Object ids of those who sign in, in turns. */
  readonly accounts: readonly string[]
  /** How many do it at once. */
  readonly people: number
  readonly seconds: number
}

/** What was done; `cpu` is the driver's own, in seconds. */
export type Done = { readonly count: number; readonly seconds: number; readonly cpu: number }

const DOCUMENTS = [
  '/.well-known/oauth-protected-resource/mcp',
  '/.well-known/oauth-authorization-server',
]

takeOrders(drive)

async function drive(
  { origin, what, accounts, people, seconds }: Order,
  began: () => void,
): Promise<Done> {
  const ask = createAsk(people)
  const server = await discover(ask, origin)
  const next = inTurns(accounts)
  const site = { ask, server, origin, enter: () => signIn(ask, server, next()) }
  const steps = await Promise.all(Array.from({ length: people }, () => STEPS[what](site)))
  began()
  const [start, used] = [performance.now(), process.cpuUsage()]
  let count = 0
  const work = async (step: () => Promise<unknown>) => {
    while (performance.now() - start < 1000 * seconds) {
      await step()
      count++
    }
  }
  await Promise.all(steps.map(work))
  const { user, system } = process.cpuUsage(used)
  const taken = (performance.now() - start) / 1000
  return { count, seconds: taken, cpu: (user + system) / 1e6 }
}

function inTurns(accounts: readonly string[]): () => string {
  // Drivers that come one after another do not all begin with the same.
  let turn = Math.floor(Math.random() * accounts.length)
  return () => accounts[turn++ % accounts.length] ?? ''
}

type At = {
  readonly ask: Ask
  readonly server: Endpoints
  readonly origin: string
  readonly enter: () => Promise<SignedIn>
}

/** What one person does again and again, after what has to be done once. */
const STEPS: Readonly<Record<Order['what'], (at: At) => Promise<() => Promise<unknown>>>> = {
  'sign-ins': async ({ enter }) => enter,
  async refreshes({ ask, server, enter }) {
    let tokens = await enter()
    return async () => {
      tokens = await refresh(ask, server, tokens)
    }
  },
  async metadata({ ask, origin }) {
    let turn = 0
    return async () => {
      const path = DOCUMENTS[turn++ % DOCUMENTS.length] ?? ''
      const { status } = await ask({ method: 'GET', url: new URL(path, origin) })
      if (status !== 200) throw new Error(`${origin}${path} answered ${status}.`)
    }
  },
}
