import { createHash, randomBytes } from 'node:crypto'
import { type Answer, ask, isAnswer } from '../ask.ts'
import type { Check, DoctorIo, Facts, MetadataFacts, Outcome } from '../check.ts'
import { type Details, error, type Finding, ok, warning } from '../finding.ts'
import { entraScope, type Refusal, readPage, readRefusal, refusalFinding } from '../refusal.ts'
import { shellUrl } from '../safe-text.ts'

/** Asks as a sign-in would, but for `prompt=none`: nobody has to be there, and no secret is sent. */
export const authorizeCheck: Check = {
  id: 'entra.authorize',
  title: 'Client id, redirect URI and scope, as a sign-in sends them',
  faults: new Map([
    ['client-id', 'Entra does not know the client id in this tenant.'],
    ['disabled', 'The application is switched off in this tenant.'],
    ['account-types', 'The account types of the registration do not fit the tenant that is set.'],
    ['redirect-uri', 'The redirect URI is not registered.'],
    ['no-redirect-uri', 'No redirect URI is registered at all.'],
    ['id-uri', 'The Application ID URI is missing, or another one.'],
    ['scope', 'The scope is not exposed, or is disabled.'],
    ['refused', 'Entra refuses for another reason; the number tells which.'],
    ['busy', 'Entra has trouble of its own.'],
    ['unreachable', 'The address of the sign-in gives no answer.'],
    ['unclear', 'What came back is neither a yes nor a number.'],
  ]),
  needs: ['config.url', 'entra.metadata'],
  unless: ['registration'],
  run: probe,
}

const { id } = authorizeCheck

const WORDS: ReadonlyMap<number, string> = new Map([
  ...[700016, 700038].map((code) => [code, 'client-id'] as const),
  ...[7000112, 70001].map((code) => [code, 'disabled'] as const),
  ...[50194, 9002332, 90130, 500207, 500208].map((code) => [code, 'account-types'] as const),
  [50011, 'redirect-uri'],
  ...[500113, 900971].map((code) => [code, 'no-redirect-uri'] as const),
  ...[500011, 90009].map((code) => [code, 'id-uri'] as const),
  ...[650053, 70011].map((code) => [code, 'scope'] as const),
])

/** What Entra says when there is nothing wrong but that nobody is signed in. */
const NOBODY_THERE: ReadonlySet<string | undefined> = new Set([
  'login_required',
  'interaction_required',
  'consent_required',
])

async function probe(facts: Facts, io: DoctorIo): Promise<Outcome> {
  const callback = callbackOf(facts)
  const answer = await ask(io, requestOf(facts, callback))
  if (!isAnswer(answer)) return one(unreachable(facts, answer.reason))
  const verdict = readVerdict(answer, callback)
  if (verdict === 'good')
    return one(ok(id, `Entra takes the client id, ${callback} and the scope.`))
  if (verdict === 'unclear') return one(unclear(answer))
  const isAboutUri = WORDS.get(verdict.code ?? 0) === 'redirect-uri'
  const details = isAboutUri ? await uriDetails(facts, io, callback) : detailsOf(verdict, facts)
  return one(refusalFinding(id, WORDS, verdict, facts, details))
}

/** Where Entra sends people back to. */
export function callbackOf({ url }: Pick<Facts, 'url'>): string {
  return `${url}/auth/callback`
}

function requestOf({ entra, metadata }: Facts, redirectUri: string): string {
  const url = new URL((metadata as MetadataFacts).authorization_endpoint)
  const random = () => randomBytes(32).toString('base64url')
  const params = {
    client_id: entra.clientId,
    response_type: 'code',
    response_mode: 'query',
    redirect_uri: redirectUri,
    scope: entraScope(entra),
    state: random(),
    nonce: random(),
    code_challenge: createHash('sha256').update(random()).digest('base64url'),
    code_challenge_method: 'S256',
    prompt: 'none',
  }
  for (const [name, value] of Object.entries(params)) url.searchParams.set(name, value)
  return url.href
}

function readVerdict(answer: Answer, callback: string): Refusal | 'good' | 'unclear' {
  const location = URL.parse(answer.headers.get('location') ?? '', answer.url)
  if (location && isAt(location, callback)) {
    const { searchParams } = location
    if (searchParams.has('code') || NOBODY_THERE.has(searchParams.get('error') ?? undefined)) {
      return 'good'
    }
    const description = searchParams.get('error_description') ?? undefined
    return readRefusal(searchParams.get('error') ?? undefined, description) ?? 'unclear'
  }
  return readPage(answer.text) ?? 'unclear'
}

function isAt(location: URL, callback: string): boolean {
  const { origin, pathname } = new URL(callback)
  return location.origin === origin && location.pathname === pathname
}

function detailsOf({ code }: Refusal, facts: Facts): Details {
  const { entra } = facts
  const word = WORDS.get(code ?? 0)
  if (word === 'no-redirect-uri') return { expected: callbackOf(facts) }
  if (word === 'client-id') return { expected: `an application of the tenant ${entra.tenantId}` }
  if (word === 'id-uri') return { expected: `api://${entra.clientId}` }
  if (word === 'scope') return { expected: `${entraScope(entra).split(' ')[0]}, enabled` }
  return {}
}

/** Which spelling of the callback is registered instead: asked of Entra, a few likely ones. */
async function uriDetails(facts: Facts, io: DoctorIo, callback: string): Promise<Details> {
  for (const [uri, difference] of variantsOf(callback)) {
    const answer = await ask(io, requestOf(facts, uri))
    if (!isAnswer(answer)) break
    const verdict = readVerdict(answer, uri)
    const isRefused = typeof verdict === 'object' && WORDS.get(verdict.code ?? 0) === 'redirect-uri'
    if (!isRefused && verdict !== 'unclear') {
      return { expected: callback, found: `${uri} is registered: ${difference}` }
    }
  }
  return { expected: callback, found: 'not among the registered redirect URIs' }
}

/** The spellings that are mistaken for one another, each with what tells it apart. */
function variantsOf(callback: string): [uri: string, difference: string][] {
  const url = new URL(callback)
  const { protocol, hostname, pathname, origin } = url
  const other = hostname === 'localhost' ? '127.0.0.1' : 'localhost'
  const isLoopback = hostname === 'localhost' || hostname === '127.0.0.1'
  const variants: [string, string][] = [
    [`${callback}/`, 'it has a slash at its end'],
    [
      callback.replace(protocol, protocol === 'https:' ? 'http:' : 'https:'),
      `it begins with ${protocol === 'https:' ? 'http' : 'https'}`,
    ],
    [`${origin}/auth/callback`, 'it lacks the path of ENTRANCE_URL'],
    [`${protocol}//${hostname}${pathname}`, 'it has no port'],
    [`${origin}${pathname.toLowerCase()}`, 'it is in lower case'],
    ...(isLoopback ? [[callback.replace(hostname, other), `its host is ${other}`] as const] : []),
    [`${origin}/oauth/callback`, 'its path is another'],
  ].map(([uri, difference]) => [uri as string, difference as string])
  return variants.filter(([uri]) => uri !== callback)
}

function unreachable({ metadata }: Facts, reason: string): Finding {
  const { authorization_endpoint } = metadata as MetadataFacts
  return error(id, 'unreachable', `${authorization_endpoint} gives no answer: ${reason}.`, {
    why: 'People are sent there to sign in.',
    portal: ['Check the way from this machine to Entra.'],
    command: `curl -sS -o /dev/null -w "%{http_code}\\n" ${shellUrl(authorization_endpoint)}`,
  })
}

function unclear({ status, headers }: Answer): Finding {
  const location = headers.get('location')
  const host = location && URL.parse(location)?.host
  return warning(id, 'unclear', 'Entra neither took the request nor said what is wrong with it.', {
    expected: 'a redirect to the callback, or a page with an AADSTS number',
    found: host ? `status ${status}, a redirect to ${host}` : `status ${status}`,
    why: 'Client id, redirect URI and scope could not be checked.',
    portal: ['Sign in once; doctor explain tells what an error page means.'],
  })
}

function one(finding: Finding): Outcome {
  return { findings: [finding] }
}
