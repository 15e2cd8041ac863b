import type { Log } from '../log.ts'
import type { Store } from '../stores/store.ts'
import { OAuthError } from './errors.ts'

/** Seconds after which a client may try again when the store is away. */
const RETRY_AFTER = 5

/**
 * The store, with every rejection turned into `temporarily_unavailable`: whoever is told so keeps
 * what they have, which `invalid_grant` would have them throw away.
 */
export function guardStore(store: Store, log: Log): Store {
  async function guard<T>(operation: string, call: () => Promise<T>): Promise<T> {
    try {
      return await call()
    } catch (cause) {
      const message = `The store ${store.name} cannot be reached.`
      const error = withoutCredentials(String(cause))
      log({ event: 'store.unreachable', level: 'error', message, operation, error })
      const text = 'The server cannot reach its store at the moment. Try again shortly.'
      throw new OAuthError('temporarily_unavailable', text, { retryAfter: RETRY_AFTER, cause })
    }
  }

  return {
    name: store.name,
    get: (key) => guard('get', () => store.get(key)),
    create: (record) => guard('create', () => store.create(record)),
    replace: (record, version) => guard('replace', () => store.replace(record, version)),
    delete: (key) => guard('delete', () => store.delete(key)),
    list: (by) => guard('list', () => store.list(by)),
    revoke: (revocation) => guard('revoke', () => store.revoke(revocation)),
    revocations: (cursor) => guard('revocations', () => store.revocations(cursor)),
    close: () => store.close(),
  }
}

/** Drivers quote the address that they were given, with the password in it. */
function withoutCredentials(text: string): string {
  return text.replace(/\/\/[^@/\s]*@/g, '//***@')
}
