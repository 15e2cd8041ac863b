// Grants as they are: made, sealed and written by the library itself.
import { createHash } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { createGrants, type Grant, personOf } from '../../src/core/grants/grant.ts'
import type { Config } from '../../src/core/options.ts'
import { createSeen } from '../../src/core/seen.ts'
import type { Store } from '../../src/index.ts'

/** So many sign-ins of ten are with the client that everybody has. */
const COMMON = 3

/** How many other clients there are at most. */
const CLIENTS = 100_003

/** How many sign-ins one person has. */
const EACH = 10

const DAY = 86_400

/** As long as Entra's are. */
const ENTRA_REFRESH_TOKEN = '1.'.padEnd(1200, 'AXUAlbXNyQ2dJaEN3')

export const COMMON_CLIENT = digestOf('the client that everybody has')

/** The sign-in name of the person of a number. */
export const nameOf = (person: number) => `person${person}@contoso.example`

export type Filling = {
  readonly store: Store
  readonly config: Config
  /** The people's tenant. */
  readonly tid: string
  /** How many are written at once. */
  readonly width: number
}

/** Fills a store with so many grants, and with what a sign-in notes besides. */
export async function fill(count: number, { store, config, tid, width }: Filling): Promise<void> {
  const grants = createGrants({ ...config, store })
  const seen = createSeen({ ...config, store })
  const facts = { tid, issuer: config.site.issuer, keyId: config.keyring.current.id }
  let next = 0
  async function work(): Promise<void> {
    while (next < count) {
      const i = next++
      const grant = grantOf(i, facts)
      const { user, client } = grant
      // A name and a client are noted at their first sign-in.
      const name = i % EACH === 0 ? user.preferred_username : undefined
      if (name || i < CLIENTS) {
        await patiently(() => seen.note({ id: personOf(user), name }, client))
      }
      await patiently(() => grants.create(grant))
    }
  }
  await Promise.all(Array.from({ length: width }, work))
}

/** A store that is driven as hard as it goes does not answer in time now and then. */
async function patiently(write: () => Promise<unknown>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await write()
      return
    } catch (error) {
      if (tries === 10) throw error
      await wait(500)
    }
  }
}

type GrantFacts = { readonly tid: string; readonly issuer: string; readonly keyId: string }

/** The grant of a number: its age, person and client follow from it. */
export function grantOf(i: number, { tid, issuer, keyId }: GrantFacts): Grant {
  const now = Math.floor(Date.now() / 1000)
  const person = Math.floor(i / EACH)
  const createdAt = now - DAY - ((i * 7919) % (20 * DAY))
  const isCommon = i % 10 < COMMON
  return {
    id: digestOf(`grant ${i}`).slice(0, 22),
    salt: digestOf(`salt ${i}`).slice(0, 22),
    keyId,
    generation: 3,
    createdAt,
    codeExpiresAt: createdAt + 300,
    rotatedAt: createdAt + DAY,
    client: {
      digest: isCommon ? COMMON_CLIENT : digestOf(`client ${i % CLIENTS}`),
      name: isCommon ? 'The common client' : `Client ${i % CLIENTS}`,
      source: 'registered',
      isConfidential: false,
    },
    redirectUri: 'http://localhost:49152/callback',
    codeChallenge: digestOf(`challenge ${i}`),
    scope: 'mcp-access',
    issuer,
    user: {
      oid: guidOf(person),
      tid,
      name: `Person ${person}`,
      preferred_username: nameOf(person),
      roles: ['Expenses.Approver'],
    },
    entraRefreshToken: ENTRA_REFRESH_TOKEN,
    transaction: digestOf(`transaction ${i}`).slice(0, 12),
  }
}

function guidOf(person: number): string {
  return `00000000-0000-4000-8000-${String(person).padStart(12, '0')}`
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}
