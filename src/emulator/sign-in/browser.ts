import type { Browser } from '../call.ts'
import type { Sts } from '../sts.ts'

/** A person who has signed in with this browser. */
export type Session = {
  readonly userId: string
  /** Seconds since the epoch. */
  readonly authTime: number
  /** When the person last showed a second factor, in seconds since the epoch. */
  readonly mfaTime?: number
  readonly sid: string
}

const BROWSER_COOKIE = 'emulator-browser'
const SESSION_COOKIE = 'emulator-session'
const MAX_SESSIONS = 5

/** Reads the emulator's two cookies; what it did not make itself counts as absent. */
export async function readBrowser(sts: Sts, request: Request): Promise<Browser> {
  const cookies = parseCookies(request.headers.get('cookie') ?? '')
  const sealed = cookies.get(SESSION_COOKIE)
  const opened = sealed && (await sts.sealer.open<{ sessions: Session[] }>('session', sealed))
  const sessions = opened ? opened.sessions.filter((session) => isAlive(sts, session)) : []
  return { id: cookies.get(BROWSER_COOKIE), sessions }
}

/** The `Set-Cookie` that gives a browser its random name. */
export function browserCookie(sts: Sts, id: string): string {
  return setCookie(sts, BROWSER_COOKIE, id)
}

/** The `Set-Cookie` that adds a person to those signed in. */
export async function sessionCookie(sts: Sts, browser: Browser, session: Session): Promise<string> {
  const others = browser.sessions.filter(({ userId }) => userId !== session.userId)
  return sessionsCookie(sts, [session, ...others].slice(0, MAX_SESSIONS))
}

/** The `Set-Cookie` that leaves these people signed in, and nobody else. */
export async function sessionsCookie(sts: Sts, sessions: readonly Session[]): Promise<string> {
  if (sessions.length === 0) return `${setCookie(sts, SESSION_COOKIE, '')}; Max-Age=0`
  return setCookie(sts, SESSION_COOKIE, await sts.sealer.seal('session', { sessions }))
}

function isAlive(sts: Sts, { userId, authTime }: Session): boolean {
  const user = sts.directory.users.find(({ id }) => id === userId)
  return user?.accountEnabled === true && user.sessionsValidFrom <= authTime * 1000
}

function setCookie(sts: Sts, name: string, value: string): string {
  const secure = sts.origin.startsWith('https:') ? '; Secure' : ''
  return `${name}=${value}; Path=/; HttpOnly; SameSite=Lax${secure}`
}

function parseCookies(header: string): Map<string, string> {
  const pairs = header.split(';').map((pair) => {
    const [name = '', ...value] = pair.split('=')
    return [name.trim(), value.join('=').trim()] as const
  })
  return new Map(pairs)
}
