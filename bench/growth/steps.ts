// What an operator asks of a server with many grants, and what else takes them all in.
import { randomBytes } from 'node:crypto'
import { setImmediate as nextRound, setTimeout as wait } from 'node:timers/promises'
import { createGrants } from '../../src/core/grants/grant.ts'
import type { Config } from '../../src/core/options.ts'
import { resealRecords } from '../../src/core/reseal.ts'
import { resolveOptions } from '../../src/core/resolve-options.ts'
import { createEntrance, type Entrance, type EntranceOptions, type Store } from '../../src/index.ts'
import { COMMON_CLIENT, grantOf, nameOf } from '../../test/support/fill-grants.ts'
import { type Watched, watchLoop } from './loop.ts'

/** What was done, and how long nobody else was answered meanwhile. */
export type Step = Watched & { readonly what: string }

/** How many sign-ins one person has with as many clients, who is listed. */
const CROWD = 5000

const RULES = 100_000

/** How many records the measured part of a walk of everything goes over. */
const WALKED = 20_000

const DAY = 86_400

export async function measureSteps(
  store: Store,
  entrance: Entrance,
  options: EntranceOptions,
  scale: number,
): Promise<Step[]> {
  const config = resolveOptions(options)
  const { sessions, clients, users } = entrance.operator.as('the bench')
  const steps: Step[] = []
  const step = async (what: string, work: () => Promise<unknown>) => {
    steps.push({ what, ...(await watchLoop(work)) })
  }
  const person = await crowd(store, config, Math.ceil(CROWD * scale))
  await step('nothing, for a second', () => wait(1000))
  await step('sessions list: first part', () => sessions.list())
  await step('sessions list --user, by name', () => sessions.list({ user: nameOf(0) }))
  await step(`sessions list --user, of ${Math.ceil(CROWD * scale)}`, () =>
    sessions.list({ user: person }),
  )
  await step('sessions list --client, the common one', () =>
    sessions.list({ client: COMMON_CLIENT }),
  )
  await step('clients list: first part', () => clients.list())
  await step('a client by its name', () => clients.enable('Client 15'))
  await step('a client by a name that none has', () => refused(clients.enable('Nothing')))
  await step('a person by their name', () => users.unblock(nameOf(1)))
  await step('a person whom nobody knows', () => refused(users.unblock('nobody@contoso.example')))
  await step('a start', () => start(options))
  const rules = Math.ceil(RULES * scale)
  await revoke(store, rules)
  await step(`a start with ${rules} rules of revocation`, () => start(options))
  await step(`reseal: the first ${WALKED} records`, () => reseal(store, options, config))
  return steps
}

/** Whoever asks for what is not there has everything looked through. */
async function refused(done: Promise<unknown>): Promise<void> {
  await done.then(
    () => Promise.reject(new Error('It is there.')),
    () => undefined,
  )
}

/** One person who has signed in with very many clients; gives `<tid>/<oid>`. */
async function crowd(store: Store, config: Config, count: number): Promise<string> {
  const grants = createGrants({ ...config, store })
  const tid = config.entra.tenantId
  const oid = '00000000-0000-4000-8000-ffffffffffff'
  const facts = { tid, issuer: config.site.issuer, keyId: config.keyring.current.id }
  for (let i = 0; i < count; i++) {
    const grant = grantOf(i, facts)
    const id = randomBytes(16).toString('base64url')
    await grants.create({ ...grant, id, user: { ...grant.user, oid } })
  }
  return `${tid}/${oid}`
}

async function revoke(store: Store, count: number): Promise<void> {
  const expiresAt = Math.floor(Date.now() / 1000) + DAY
  let next = 0
  const work = async () => {
    while (next < count) {
      const id = `${next++}`.padStart(22, 'x')
      await store.revoke({ kind: 'grant', id, issuedUntil: expiresAt - DAY, expiresAt })
    }
  }
  await Promise.all(Array.from({ length: 8 }, work))
}

/** Until `/mcp` may be answered. */
async function start(options: EntranceOptions): Promise<void> {
  const entrance = createEntrance({ ...options, store: keepOpen(options.store) })
  await entrance.ready()
  await entrance.close()
}

/** Under a new key; the walk ends after some records, for all of them take their time. */
async function reseal(store: Store, options: EntranceOptions, config: Config): Promise<void> {
  const secret = [randomBytes(32).toString('base64url'), options.secret].flat() as string[]
  let walked = 0
  const cut: Store = {
    ...store,
    async page(query) {
      const page = await store.page(query)
      walked += page.records.length
      return walked < WALKED ? page : { ...page, next: undefined }
    },
    // What is measured is the walk; the writes are those of a refresh, one by one.
    async replace() {
      await nextRound()
      return true
    },
  }
  const { keyring } = resolveOptions({ ...options, secret })
  await resealRecords({ store: cut, keyring, binding: config.binding })
}

function keepOpen(store: Store): Store {
  return { ...store, close: async () => {} }
}
