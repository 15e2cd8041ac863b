import type { Log } from '../../log.ts'
import type { Store, StoredRecord } from '../../stores/store.ts'
import type { Audit } from '../audit.ts'
import { madeElsewhere, OAuthError } from '../errors.ts'
import { inRounds } from '../in-rounds.ts'
import type { Keyring } from '../keys/keyring.ts'
import { open, seal, sealedUnder } from '../keys/sealed.ts'
import { CLOCK_SKEW } from '../options.ts'
import type { User } from '../protected-resource/auth-info.ts'
import { isOwnIssuer } from '../site.ts'
import type { KeptTag } from '../tokens/grant-token.ts'
import type { AskingClient } from '../transaction.ts'

/** What a person allowed a client: one record, changed only by compare-and-swap. Times are seconds. */
export type Grant = {
  readonly id: string
  /** Known to this record alone; every code and refresh token is made with it. */
  readonly salt: string
  /** The master key that the current generation's token is made with. */
  readonly keyId: string
  /** What the current token is known by once its master key has been retired. */
  readonly keptTag?: KeptTag | undefined
  /** 0 while the code waits to be redeemed; then that of the current refresh token. */
  readonly generation: number
  /** Later than every moment up to which the person's sign-ins had been ended by then. */
  readonly createdAt: number
  /** Until when the code can be redeemed. */
  readonly codeExpiresAt: number
  readonly rotatedAt?: number
  readonly client: AskingClient
  readonly redirectUri: string
  readonly codeChallenge: string
  /** What the person allowed and Entra granted, by short names; narrower when Entra grants less. */
  readonly scope: string
  /** The issuer the client came by; it is that of its tokens. */
  readonly issuer: string
  readonly user: User
  /** Entra's refresh token; absent when Entra gave none. */
  readonly entraRefreshToken?: string | undefined
  /** One process at a time asks Entra to renew. */
  readonly lease?: { readonly holder: string; readonly until: number } | undefined
  readonly revoked?: { readonly at: number; readonly reason: string }
  /** The transaction it came of, for the log. */
  readonly transaction: string
  /** Where that began, for whoever follows it; absent where nobody did. */
  readonly trace?: string | undefined
}

/** A grant as read, with what is needed to replace it. */
export type HeldGrant = { readonly grant: Grant; readonly version: number }

export type GrantQuery = {
  readonly client?: string | undefined
  readonly after?: string | undefined
  readonly limit: number
}

export type GrantPage = {
  readonly grants: readonly HeldGrant[]
  readonly next?: string | undefined
}

/** The grants in the store, sealed under keys that have nothing to do with Entra's secret. */
export type Grants = {
  find(id: string): Promise<HeldGrant | undefined>
  /** A person's grants that have not been revoked; with one client, where that is named. */
  list(person: string, clientDigest?: string): Promise<readonly HeldGrant[]>
  /** Whether those may be more than `most`: by what records say of themselves, none of which is opened. */
  mayExceed(most: number, person: string, clientDigest: string): Promise<boolean>
  /** Walks all grants that have not been revoked; those of one client, where that is named. */
  page(query: GrantQuery): Promise<GrantPage>
  /** Puts a new grant; false when there is one of that id. */
  create(grant: Grant): Promise<boolean>
  /** Puts the changed grant in place of the one read; undefined when another change came first. */
  replace(held: HeldGrant, changed: Grant): Promise<HeldGrant | undefined>
}

/** What has been revoked; the grant itself is ended by {@link revokeGrant}. */
export type RevokedGrants = {
  /** Ends the access tokens of a grant on every replica. */
  add(grantId: string): Promise<void>
  /** Whether the access tokens of a grant have been ended: so has the grant, whatever its record says. */
  has(grantId: string): boolean
  /** Up to when the sign-ins of a person with a client have been ended; 0 where none were. */
  endedUntil(person: string, clientDigest: string): number
  /** Learns what has been revoked anywhere until now. */
  catchUp(): Promise<void>
}

/** What it takes to end a grant. */
export type Revoking = {
  readonly grants: Grants
  readonly revoked: Pick<RevokedGrants, 'add'>
  readonly log: Log
  readonly audit: Audit
}

export type GrantsOptions = {
  readonly store: Store
  readonly keyring: Keyring
  readonly binding: string
  /** The addresses of this server; a grant made at another one is none of its own. */
  readonly sites: ReadonlyMap<string, { readonly issuer: string }>
  readonly grantIdleTtl: number
  readonly grantMaxTtl: number
}

/** An abandoned grant is kept until its transaction, of 10 minutes, cannot come back by any clock. */
const UNREDEEMED_TTL = 600 + 2 * CLOCK_SKEW

/**
 * How long it is kept that a grant was revoked, in seconds: as long as an access token may live. Then
 * its refresh token is as unknown as any other that is not in the store.
 */
const REVOKED_TTL = 86_400

export function createGrants(options: GrantsOptions): Grants {
  const { store, keyring, binding } = options
  const purpose = `grant ${binding}`

  function toRecord(grant: Grant): Omit<StoredRecord, 'version'> {
    const key = keyOf(grant.id)
    return {
      key,
      value: seal(keyring, purpose, JSON.stringify(grant), key),
      expiresAt: expiryOf(grant, options),
      person: personOf(grant.user),
      client: grant.client.digest,
    }
  }

  function read(record: StoredRecord): HeldGrant | undefined {
    const text = open(keyring, purpose, record.value, record.key)
    // Another Entra configuration's, moved, tampered with, or under a key that has been retired.
    if (text === undefined) return undefined
    const grant = JSON.parse(text) as Grant
    // The gate would refuse every token of a grant that was made at another address.
    if (!isOwnIssuer(grant.issuer, options)) return undefined
    // The store's word on when a record ends is not sealed; this is, and policy may have changed.
    if (expiryOf(grant, options) <= now()) return undefined
    return { grant, version: record.version }
  }

  async function recordsOf(person: string, client: string | undefined): Promise<StoredRecord[]> {
    const records = await store.list({ person })
    return records.filter(
      (record) =>
        record.key.startsWith(keyOf('')) && (client === undefined || record.client === client),
    )
  }

  return {
    async find(id) {
      const record = await store.get(keyOf(id))
      if (record && keyring.isElsewhere(sealedUnder(record.value))) throw madeElsewhere()
      return record && read(record)
    },
    async list(person, client) {
      // Whose record it is, is not sealed either; what it says is.
      const held = await inRounds(await recordsOf(person, client), read)
      return held.filter(
        ({ grant }) => !grant.revoked && personOf(grant.user) === person && isOf(grant, client),
      )
    },
    async mayExceed(most, person, client) {
      // Hardly anybody has as many records, whatever they are.
      const all = await store.count?.({ person })
      return !(all !== undefined && all <= most) && (await recordsOf(person, client)).length > most
    },
    async page(query) {
      const { records, next } = await store.page({ ...query, prefix: keyOf('') })
      const held = await inRounds(records, read)
      const grants = held.filter(({ grant }) => !grant.revoked && isOf(grant, query.client))
      return { grants, next }
    },
    create: (grant) => store.create(toRecord(grant)),
    async replace(held, changed) {
      const isDone = await store.replace(toRecord(changed), held.version)
      return isDone ? { grant: changed, version: held.version + 1 } : undefined
    },
  }
}

/** The name of a person in records and revocations. */
export function personOf(user: { tid: string; oid: string }): string {
  return `${user.tid}/${user.oid}`
}

function keyOf(id: string): string {
  return `grant:${id}`
}

function isOf({ client }: Grant, clientDigest: string | undefined): boolean {
  return clientDigest === undefined || client.digest === clientDigest
}

function expiryOf(grant: Grant, options: GrantsOptions): number {
  if (grant.generation === 0 && !grant.revoked) return grant.createdAt + UNREDEEMED_TTL
  const idle = (grant.rotatedAt ?? grant.createdAt) + options.grantIdleTtl
  const forgotten = (grant.revoked?.at ?? Number.POSITIVE_INFINITY) + REVOKED_TTL
  return Math.min(idle, grant.createdAt + options.grantMaxTtl, forgotten)
}

/** Why a grant ends: `reason` in a word or two, for the record and the client; `message` for the log. */
export type Ending = {
  readonly reason: string
  readonly message: string
  /** @default what somebody wanted */
  readonly level?: 'warn'
}

/**
 * Ends a grant: its tokens are refused from now on, and Entra's are forgotten. The access tokens
 * come first: where the second step fails, the next try finds the grant as it was and does both.
 * Of many that try at once one ends it, is told so, and writes the one line of the log about it.
 */
export async function revokeGrant(
  held: HeldGrant,
  { reason, ...told }: Ending,
  { grants, revoked, log, audit }: Revoking,
): Promise<boolean> {
  await revoked.add(held.grant.id)
  let current: HeldGrant | undefined = held
  while (current && !current.grant.revoked) {
    const { entraRefreshToken: _, lease: __, ...rest } = current.grant
    const done = await grants.replace(current, { ...rest, revoked: { at: now(), reason } })
    if (done) {
      const { transaction, client, user } = rest
      log({ event: 'grant.revoked', ...told, transaction, client: client.name, oid: user.oid })
      audit({ event: 'grant.revoked', outcome: 'success', reason, ...factsOf(rest) })
      return true
    }
    current = await grants.find(held.grant.id)
  }
  return false
}

/** Whom and what a line of the audit log about a grant names. */
export function factsOf({ id, user, client, transaction }: Grant) {
  return { person: user, client, grant: id, transaction }
}

/** Says in the log what Entra did not grant; the client is told by `scope` (RFC 6749 §5.1). */
export function tellWithheld(asked: string, grant: Grant, log: Log): void {
  const granted = grant.scope.split(' ')
  const withheld = asked.split(' ').filter((name) => !granted.includes(name))
  if (withheld.length === 0) return
  log({
    event: 'scope.withheld',
    level: 'warn',
    transaction: grant.transaction,
    message: `Entra did not grant all that was asked for; the client goes on without ${withheld.join(' ')}.`,
    client: grant.client.name,
  })
}

/** RFC 6749 §5.2. */
export function invalidGrant(description: string): OAuthError {
  return new OAuthError('invalid_grant', description)
}

/** Seconds since the epoch. */
export function now(): number {
  return Math.floor(Date.now() / 1000)
}
