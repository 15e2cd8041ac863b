// Grants as they are: made and sealed by the library itself.
import { hash } from 'node:crypto'
import { createGrants, type Grant, personOf } from '../../src/core/grants/grant.ts'
import type { Config } from '../../src/core/options.ts'
import { createSeen } from '../../src/core/seen.ts'
import type { Store } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import type { StoredRecord } from '../../src/stores/store.ts'

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

/** A record before a store has it. */
export type NewRecord = Omit<StoredRecord, 'version'>

export type Filling = {
  readonly config: Config
  /** The people's tenant. */
  readonly tid: string
  /** The grant of a number, where it is to be another than {@link grantOf} makes. */
  readonly usableAt?: (i: number) => Grant | undefined
}

/** How many records are given at once, or one more grant's. */
const BATCH = 200

/**
 * The records of so many grants, and of what a sign-in notes besides: sealed, and each key once. They
 * come some at a time, as fast as somebody takes them.
 */
export async function* recordsOf(
  count: number,
  { config, tid, usableAt }: Filling,
): AsyncGenerator<readonly NewRecord[]> {
  const sheet = createSheet()
  const grants = createGrants({ ...config, store: sheet.store })
  const seen = createSeen({ ...config, store: sheet.store })
  const facts = { tid, issuer: config.site.issuer, keyId: config.keyring.current.id }
  for (let i = 0; i < count; i++) {
    const grant = usableAt?.(i) ?? grantOf(i, facts)
    const { user, client } = grant
    // A name and a client are noted at their first sign-in.
    const name = i % EACH === 0 ? user.preferred_username : undefined
    if (name || i < CLIENTS) await seen.note({ id: personOf(user), name }, client)
    await grants.create(grant)
    if (sheet.length() >= BATCH) yield sheet.take()
  }
  yield sheet.take()
}

/** A store that has nothing, and keeps what it is given until somebody takes it. */
function createSheet() {
  let records: NewRecord[] = []
  const noted = new Set<string>()
  const store: Store = {
    ...memoryStore(),
    get: async () => undefined,
    async create(record) {
      // A grant's key is its own.
      const isGrant = record.person !== undefined
      if (isGrant || !noted.has(record.key)) records.push(record)
      if (!isGrant) noted.add(record.key)
      return true
    },
  }
  return {
    store,
    length: () => records.length,
    take() {
      const taken = records
      records = []
      return taken
    },
  }
}

/** Fills a store with so many grants, and with what a sign-in notes besides. */
export async function fill(count: number, store: Store, filling: Filling): Promise<void> {
  for await (const batch of recordsOf(count, filling)) {
    for (const record of batch) await store.create(record)
  }
}

/** What grants of one server have in common. */
export type GrantFacts = { readonly tid: string; readonly issuer: string; readonly keyId: string }

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

export function digestOf(text: string): string {
  return hash('sha256', text, 'base64url')
}
