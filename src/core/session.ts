import { cookieName, deleteCookie, writeCookie } from '../http/cookies.ts'
import type { Keyring } from './keys/keyring.ts'
import { open, seal } from './keys/sealed.ts'
import type { User } from './protected-resource/auth-info.ts'

/**
 * Who signed in last in this browser. It lets nobody in at `/authorize`: it names the person whose
 * remembered answers are looked up, and while it is fresh it shows them their own page.
 */
export type Session = Pick<User, 'tid' | 'oid' | 'name' | 'preferred_username'> & {
  /** Seconds since the epoch. */
  readonly signedInAt: number
}

/** Absolute life of a session, in seconds. */
const SESSION_TTL = 30 * 24 * 60 * 60

/** For so long after a sign-in the person is shown their own page, in seconds. */
const FRESH_TTL = 3600

/** How large the cookie can be, its name included. */
export const SESSION_COOKIE_MAX_BYTES = 960

/** What fits into it, in bytes of JSON. */
const CONTENT_MAX_BYTES = 640

const COOKIE = 'entrance-session'
const PURPOSE = 'browser session'

export type SessionContext = {
  readonly keyring: Keyring
  /** Names authority, tenant and client: under another one the session is none. */
  readonly binding: string
  /** The server; another one on this host may have the same key. */
  readonly issuer: string
  readonly isSecure: boolean
}

/** The cookie of a sign-in that has just been completed in this browser. */
export function writeSession(user: User, context: SessionContext): string {
  const { keyring, isSecure } = context
  const sealed = seal(keyring, PURPOSE, toContent(user), boundTo(context))
  return writeCookie(cookieName(COOKIE, isSecure), sealed, { maxAge: SESSION_TTL, isSecure })
}

/** Reads the session; undefined when there is none, or it has ended. */
export function readSession(
  cookies: ReadonlyMap<string, string>,
  context: SessionContext,
): Session | undefined {
  const value = cookies.get(cookieName(COOKIE, context.isSecure)) ?? ''
  const text = open(context.keyring, PURPOSE, value, boundTo(context))
  if (text === undefined) return undefined
  const session = { name: undefined, preferred_username: undefined, ...JSON.parse(text) } as Session
  return session.signedInAt + SESSION_TTL > Date.now() / 1000 ? session : undefined
}

/** The cookie that ends the session in this browser. */
export function endSession(isSecure: boolean): string {
  return deleteCookie(cookieName(COOKIE, isSecure), isSecure)
}

/** Whether the person signed in so lately that their own page may be shown. */
export function isFresh(session: Session): boolean {
  return session.signedInAt + FRESH_TTL > Date.now() / 1000
}

function boundTo({ binding, issuer }: SessionContext): string {
  return `${binding} ${issuer}`
}

/** A name that is too long is left out: it is for showing only. */
function toContent({ tid, oid, name, preferred_username }: User): string {
  const signedInAt = Math.floor(Date.now() / 1000)
  const contents = [
    { tid, oid, signedInAt, preferred_username, name },
    { tid, oid, signedInAt, preferred_username },
    { tid, oid, signedInAt },
  ].map((content) => JSON.stringify(content))
  const fits = (text: string) => Buffer.byteLength(text) <= CONTENT_MAX_BYTES
  return contents.find(fits) ?? (contents[2] as string)
}
