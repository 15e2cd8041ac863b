import type { Store, StoredRecord } from '../stores/store.ts'
import { isLoopbackUri, withoutPort } from './clients/redirect-uri.ts'
import { type GrantQuery, now } from './grants/grant.ts'
import { inRounds } from './in-rounds.ts'
import type { Keyring } from './keys/keyring.ts'
import { digest } from './keys/mac.ts'
import { open, seal } from './keys/sealed.ts'

/** What an answer is about: an application, and where it has its codes sent. */
export type ConsentSubject = {
  readonly client: { readonly digest: string; readonly name: string | undefined }
  readonly redirectUri: string
}

/** A person's last answer about a subject. */
export type Consent = ConsentSubject & {
  readonly person: string
  /** The scopes that were allowed; empty after a Deny, which outlives what was under way. */
  readonly scope: string
  /** Seconds since the epoch. */
  readonly answeredAt: number
}

/** The remembered answers, sealed in the store: every replica knows them, and a restart forgets none. */
export type Consents = {
  /** Whether the person has allowed this client these scopes there, or more. */
  has(person: string, subject: ConsentSubject, scope: string): Promise<boolean>
  /** Remembers a yes, unless the person has taken it back since. */
  allow(person: string, subject: ConsentSubject, scope: string, allowedAt: number): Promise<void>
  /** Forgets a yes, and holds against one that is on its way. */
  forget(person: string, subject: ConsentSubject): Promise<void>
  /** What the person is not asked about any more. */
  list(person: string): Promise<readonly Consent[]>
  /** Walks what people are not asked about any more; of one client, where that is named. */
  page(
    query: GrantQuery,
  ): Promise<{ readonly consents: readonly Consent[]; readonly next?: string | undefined }>
}

export type ConsentsOptions = {
  readonly store: Store
  readonly keyring: Keyring
  readonly binding: string
  /** The server that was allowed; another one with the same store and key asks for itself. */
  readonly site: { readonly resource: string }
}

/** How long a yes is remembered, in seconds. */
export const CONSENT_TTL = 90 * 24 * 60 * 60

/** How long a no is kept: longer than any sign-in that was allowed before it can take. */
const DENIAL_TTL = 1800

/** How often a change that another one came before is tried again. */
const TRIES = 5

export function createConsents(options: ConsentsOptions): Consents {
  const { store, keyring, binding, site } = options
  const purpose = `consent ${binding}`

  function keyOf(person: string, { client, redirectUri }: ConsentSubject): string {
    const parts = [site.resource, person, client.digest, addressOf(redirectUri)]
    return `consent:${digest(JSON.stringify(parts))}`
  }

  function toRecord(consent: Consent): Omit<StoredRecord, 'version'> {
    const key = keyOf(consent.person, consent)
    return {
      key,
      value: seal(keyring, purpose, JSON.stringify(consent), key),
      expiresAt: expiryOf(consent),
      person: consent.person,
      client: consent.client.digest,
    }
  }

  function read(record: StoredRecord): Consent | undefined {
    const text = open(keyring, purpose, record.value, record.key)
    if (text === undefined) return undefined
    const consent = JSON.parse(text) as Consent
    // The store's word on when a record ends is not sealed; this is.
    return expiryOf(consent) > now() ? consent : undefined
  }

  /** Puts the answer, unless `isBeaten` by the one that is there. */
  async function put(consent: Consent, isBeaten: (there: Consent) => boolean): Promise<void> {
    const record = toRecord(consent)
    for (let tries = 0; tries < TRIES; tries++) {
      const there = await store.get(record.key)
      const known = there && read(there)
      if (known && isBeaten(known)) return
      if (await (there ? store.replace(record, there.version) : store.create(record))) return
    }
    // So many at once; a yes may be lost, a no may not.
    if (!consent.scope) await store.delete(record.key)
  }

  return {
    async has(person, subject, scope) {
      const record = await store.get(keyOf(person, subject))
      const consent = record && read(record)
      const allowed = new Set(consent?.scope.split(' ').filter(Boolean))
      return allowed.size > 0 && scope.split(' ').every((name) => allowed.has(name))
    },
    allow(person, subject, scope, allowedAt) {
      const consent = toConsent(person, subject, scope)
      return put(consent, (there) => !there.scope && there.answeredAt >= allowedAt)
    },
    forget(person, subject) {
      return put(toConsent(person, subject, ''), () => false)
    },
    async list(person) {
      const records = await store.list({ person })
      const own = records.filter(({ key }) => key.startsWith('consent:'))
      // Whose record it is, is not sealed; what it says is.
      const consents = await inRounds(own, read)
      return consents.filter((consent) => consent.scope && consent.person === person)
    },
    async page(query) {
      const { records, next } = await store.page({ ...query, prefix: 'consent:' })
      const isAsked = ({ scope, client }: Consent) =>
        scope !== '' && (query.client === undefined || client.digest === query.client)
      return { consents: (await inRounds(records, read)).filter(isAsked), next }
    },
  }
}

function toConsent(
  person: string,
  { client, redirectUri }: ConsentSubject,
  scope: string,
): Consent {
  const { digest, name } = client
  return { person, client: { digest, name }, redirectUri, scope, answeredAt: now() }
}

/** A program on this computer listens where it finds a port (RFC 8252 §7.3). */
function addressOf(redirectUri: string): string {
  return isLoopbackUri(redirectUri) ? withoutPort(redirectUri) : redirectUri
}

function expiryOf({ scope, answeredAt }: Consent): number {
  return answeredAt + (scope ? CONSENT_TTL : DENIAL_TTL)
}
