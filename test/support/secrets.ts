import type { LogEvent } from '../../src/index.ts'

/**
 * Whatever a test file hands out or gets as a secret is noted here, and whatever servers wrote in
 * the meantime is gone through when its process ends: no log line, no error and no page may have
 * one in it. `start.ts`, `serve.ts`, `browser.ts` and `oauth-client.ts` see to it by themselves.
 */

/** A secret's marks: its beginning and its end, by which it is found though it be cut. */
const marks = new Map<string, string>()
/** Secrets of several short words are looked for as they are. */
const phrases = new Map<string, string>()
const logs: { readonly of: string; readonly lines: Iterable<LogEvent | string> }[] = []
const leaks = new Set<string>()

const MARK_LENGTH = 16

/** Notes a secret by what it is. What is shorter than 16 characters is none. */
export function noteSecret(what: string, secret: string | null | undefined): void {
  if (!secret || secret.length < MARK_LENGTH) return
  // What comes before the last part of a token names keys, people and servers: no secrets.
  const last = secret.split('.').at(-1) as string
  if (!OPAQUE.test(last)) return void phrases.set(secret, what)
  marks.set(last.slice(0, MARK_LENGTH), what)
  marks.set(last.slice(-MARK_LENGTH), what)
}

const OPAQUE = /^[\w-]{16,}$/

/** Has the lines gone through at the end, those that come until then included. */
export function watchLog(of: string, lines: Iterable<LogEvent | string>): void {
  logs.push({ of, lines })
}

/** For a test that sends secrets in pieces to places that are logged, and looks for whole ones. */
export function leaveLog(lines: Iterable<LogEvent | string>): void {
  const at = logs.findIndex((log) => log.lines === lines)
  if (at >= 0) logs.splice(at, 1)
}

/** Notes what an answer hands out, and looks through it where it is a page or an error. */
export async function noteAnswer(url: URL, response: Response): Promise<void> {
  for (const line of response.headers.getSetCookie()) noteCookie(line)
  noteAddress(response.headers.get('location'), url)
  const type = response.headers.get('content-type') ?? ''
  const isJson = type.startsWith('application/json')
  if (isJson && response.ok && ISSUING.test(url.pathname)) {
    const issued = (await response.clone().json()) as Record<string, unknown>
    for (const name of ISSUED) noteSecret(name, issued[name] as string | undefined)
  } else if (type.startsWith('text/html') || (isJson && response.status >= 400)) {
    const text = withoutIntended(withoutOnward(await response.clone().text(), url))
    for (const what of findSecrets(text)) {
      leaks.add(`${what} in an answer of ${url.pathname} (${response.status})`)
    }
  }
}

/** Those of ours and Entra's alike. */
const ISSUING = /\/(token|register)$/
const ISSUED = ['access_token', 'refresh_token', 'id_token', 'client_secret']

function noteCookie(line: string): void {
  const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) ?? []
  noteSecret(`the cookie ${name}`, value)
}

/** What a redirect to a client or to Entra carries. */
function noteAddress(location: string | null, base: URL): void {
  const url = location === null ? null : URL.parse(location, base.href)
  if (!url || url.origin === base.origin) return
  for (const name of ['code', 'state', 'nonce']) noteSecret(name, url.searchParams.get(name))
}

/** The page that leads to a private-use scheme does what a redirect does elsewhere. */
function withoutOnward(html: string, base: URL): string {
  const [, onward] = /<meta http-equiv="refresh" content="\d+; url=([^"]+)">/.exec(html) ?? []
  if (onward === undefined) return html
  noteAddress(onward.replaceAll('&amp;', '&'), base)
  return html.replaceAll(onward, '')
}

/**
 * Takes out where a secret belongs: the sealed request and the form's token, the state on the way
 * back to the client, and between quotation marks what the sender is told of its own words.
 */
function withoutIntended(text: string): string {
  return text
    .replaceAll(/name="(request|form_token)" value="[^"]*"/g, '')
    .replaceAll(/([?&](?:amp;)?(?:request|state)=)[^"&]*/g, '$1')
    .replaceAll(/&#39;.*?&#39;|'[^']*'/g, '')
}

/** What the secrets are that stand in a text. */
export function findSecrets(text: string): string[] {
  const found = new Set<string>()
  for (const [phrase, what] of phrases) if (text.includes(phrase)) found.add(what)
  for (const [run] of text.matchAll(/[\w-]{16,}/g)) {
    for (let at = 0; at + MARK_LENGTH <= run.length; at++) {
      const what = marks.get(run.slice(at, at + MARK_LENGTH))
      if (what !== undefined) found.add(what)
    }
  }
  return [...found]
}

function findLeaks(): string[] {
  for (const { of, lines } of logs) {
    for (const line of lines) {
      const text = typeof line === 'string' ? line : JSON.stringify(line)
      for (const what of findSecrets(text)) leaks.add(`${what} in the log of ${of}: ${text}`)
    }
  }
  return [...leaks]
}

// At the very end: what a server says while it stops is said, too.
process.once('exit', () => {
  const found = findLeaks()
  if (found.length === 0) return
  process.stderr.write(`Secrets where none may be:\n${found.join('\n')}\n`)
  process.exitCode = 1
})
