import { createHash, randomBytes } from 'node:crypto'
import { type Answer, ask, isAnswer } from '../ask.ts'
import type { Check, DoctorIo, Facts, Outcome } from '../check.ts'
import { type Details, error, type Finding, ok, skipped, warning } from '../finding.ts'
import { findObstacle, obstacleCure } from '../front.ts'
import { REDIRECT_URI } from './server-metadata.ts'

/** Goes the way of a person's browser as far as Entra, and looks at where the server sends it. */
const signIn: Check = {
  id: 'server.sign-in',
  title: 'A sign-in as far as Entra: pages, cookies, and what is asked of Entra',
  faults: new Map([
    ['page', 'The consent page does not come.'],
    ['cookie', 'The cookie of the consent page does not arrive, or is not Secure.'],
    ['entra', 'The server itself cannot reach Entra.'],
    ['stuck', 'Allow does not lead to Entra.'],
    ['redirect-uri', 'The server sends another redirect URI to Entra than its address has.'],
    ['client-id', 'The server signs in with another application than is configured here.'],
    ['resource', 'The parameter resource is sent to Entra, which refuses it.'],
  ]),
  needs: ['server.registration'],
  unless: ['entra.reach', 'entra.metadata'],
  run: rehearse,
}

async function rehearse(facts: Facts, io: DoctorIo): Promise<Outcome> {
  const page = await openConsent(facts, io)
  if (!isAnswer(page)) return one(fault('page', 'The consent page does not come.', page.reason))
  const form = readForm(page)
  if (!form) return one(notThePage(page))
  const cookies = page.headers.getSetCookie()
  const cookieFault = judgeCookies(cookies, facts.url)
  if (cookieFault) return one(cookieFault)
  const answer = await ask(io, form.action, {
    method: 'POST',
    headers: {
      cookie: cookies.map((one) => one.split(';')[0]).join('; '),
      origin: new URL(facts.url).origin,
    },
    body: form.fields,
  })
  if (!isAnswer(answer)) return one(fault('stuck', 'Allow does not lead to Entra.', answer.reason))
  return { findings: [judgeRequest(answer, facts)] }
}

/** `/authorize`, and the redirect to the consent page. */
async function openConsent({ url, server, registeredClient }: Facts, io: DoctorIo) {
  const address = new URL(String(server?.authorization_endpoint))
  const params = {
    response_type: 'code',
    client_id: registeredClient as string,
    redirect_uri: REDIRECT_URI,
    state: randomBytes(16).toString('base64url'),
    code_challenge: createHash('sha256').update(randomBytes(32)).digest('base64url'),
    code_challenge_method: 'S256',
    resource: `${url}/mcp`,
  }
  for (const [name, value] of Object.entries(params)) address.searchParams.set(name, value)
  const headers = { accept: 'text/html' }
  const first = await ask(io, address.href, { headers })
  const location = isAnswer(first) ? first.headers.get('location') : undefined
  const next = location && URL.parse(location, address.href)
  // Nowhere else: what is not the server's own page is no page of this sign-in.
  return next && next.origin === new URL(url).origin ? ask(io, next.href, { headers }) : first
}

type Form = { readonly action: string; readonly fields: URLSearchParams }

function readForm({ text, url, status }: Answer): Form | undefined {
  const [, action] = /<form method="post" action="([^"]+)"/.exec(text) ?? []
  const target = URL.parse(action?.replaceAll('&amp;', '&') ?? '', url)
  // A form that leads elsewhere is none of the server's: nothing is sent there.
  if (status !== 200 || !action || target?.origin !== new URL(url).origin) return undefined
  const fields = new URLSearchParams({ action: 'allow' })
  for (const name of ['request', 'form_token']) {
    const [, value = ''] = new RegExp(`name="${name}" value="([^"]*)"`).exec(text) ?? []
    fields.set(name, value)
  }
  return { action: target.href, fields }
}

function notThePage(answer: Answer): Finding {
  const obstacle = findObstacle(answer)
  const title = /<title>([^<]{1,80})/.exec(answer.text)?.[1]
  const found = obstacle?.found ?? `status ${answer.status}${title ? `, "${title}"` : ''}`
  const cure = obstacle ? obstacleCure(obstacle) : { portal: ['Look at the log of the server.'] }
  return fault('page', 'The consent page does not come.', found, cure)
}

function judgeCookies(cookies: readonly string[], url: string): Finding | undefined {
  const cure = { portal: ['Have the proxy in front leave Set-Cookie as it is.'] }
  const what = 'The consent page sets no cookie.'
  if (cookies.length === 0) return fault('cookie', what, 'no Set-Cookie', cure)
  const isHttps = url.startsWith('https:')
  const bad = cookies.find((cookie) => isHttps && !/;\s*secure/i.test(cookie))
  if (!bad) return undefined
  const name = bad.split('=')[0] ?? ''
  return fault('cookie', `The cookie ${name} is not Secure.`, bad.replace(/=[^;]*/, '=…'), cure)
}

/** What the browser is sent to Entra with. */
function judgeRequest(answer: Answer, facts: Facts): Finding {
  const { url, entra } = facts
  const target = URL.parse(answer.headers.get('location') ?? '', url)
  const isAtEntra = target && target.origin !== new URL(url).origin
  // Entra has trouble, as the checks of it have told.
  if (!isAtEntra && !facts.metadata && !facts.isUnconfigured) {
    return skipped(signIn.id, 'A sign-in does not get as far as Entra: see above.')
  }
  if (answer.status === 503) {
    const cure = {
      portal: ['Look at the way from the server to Entra: its log says what is wrong.'],
    }
    return fault('entra', 'The server itself cannot reach Entra.', 'status 503', cure)
  }
  if (!isAtEntra) {
    const title = /<title>([^<]{1,80})/.exec(answer.text)?.[1]
    const found = `status ${answer.status}${title ? `, "${title}"` : ''}`
    return fault('stuck', 'Allow does not lead to Entra.', found, COOKIE_CURE)
  }
  const params = target.searchParams
  const redirectUri = params.get('redirect_uri') ?? 'none'
  if (redirectUri !== `${url}/auth/callback`) {
    const what = 'The server sends another redirect URI to Entra.'
    const cure = { expected: `${url}/auth/callback`, portal: [`Set ENTRANCE_URL to ${url}.`] }
    return fault('redirect-uri', what, redirectUri, cure)
  }
  if (params.has('resource')) {
    const cure = {
      expected: 'none',
      portal: ['Have nothing in front add to what the server sends.'],
    }
    return fault('resource', 'The parameter resource is sent to Entra.', 'resource=…', cure)
  }
  const clientId = params.get('client_id')
  if (!facts.isUnconfigured && clientId !== entra.clientId)
    return otherClient(clientId, entra.clientId)
  return ok(signIn.id, `A sign-in goes to ${target.origin}, and back to ${redirectUri}.`)
}

const COOKIE_CURE: Details = {
  portal: ['Have the proxy in front leave Cookie, Set-Cookie and Origin as they are.'],
}

function otherClient(found: string | null, expected: string): Finding {
  const what = 'The server signs in with another application than the one configured here.'
  return warning(signIn.id, 'client-id', what, {
    expected,
    found: found ?? 'none',
    why: 'What is said above about the registration is not about the one that the server uses.',
    portal: ['Run doctor with the variables of that server.'],
  })
}

function fault(word: string, what: string, found: string, details: Details = {}): Finding {
  const why = 'People who sign in get no further.'
  return error(signIn.id, word, what, {
    found,
    why,
    portal: ['Look at the log of the server.'],
    ...details,
  })
}

const callback: Check = {
  id: 'server.callback',
  title: 'Whether people who come back from Entra reach the server',
  faults: new Map([['route', 'Something else answers at the callback.']]),
  needs: ['server.challenge'],
  run: async ({ url }, io) => {
    const address = `${url}/auth/callback`
    const answer = await ask(io, address, { headers: { accept: 'text/html' } })
    // Without a sign-in under way it is a page of the server's that says so.
    if (isAnswer(answer) && answer.status === 400)
      return one(ok(callback.id, `${address} answers.`))
    const obstacle = isAnswer(answer) ? findObstacle(answer) : undefined
    const found = obstacle?.found ?? (isAnswer(answer) ? `status ${answer.status}` : answer.reason)
    return one(
      error(callback.id, 'route', `${address} does not reach the server.`, {
        expected: "status 400, a page of the server's",
        found,
        why: 'Entra sends people there after they have signed in.',
        portal: ['Route /auth/callback to the server unchanged.'],
        ...(obstacle && obstacle.word !== 'not-found' ? obstacleCure(obstacle) : {}),
        docs: 'endpoints.md',
      }),
    )
  },
}

const cors: Check = {
  id: 'server.cors',
  title: 'Whether clients that run in a web page can read the metadata and register (CORS)',
  faults: new Map([
    ['preflight', 'The preflight is not answered as the server would.'],
    ['twice', 'The headers come twice: the proxy in front adds them as well.'],
  ]),
  needs: ['server.metadata'],
  unless: ['server.registration'],
  run: preflight,
}

async function preflight({ url }: Facts, io: DoctorIo): Promise<Outcome> {
  const headers = {
    origin: 'https://client.example',
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'content-type',
  }
  for (const path of ['/token', '/register']) {
    const answer = await ask(io, `${url}${path}`, { method: 'OPTIONS', headers })
    const allowed = isAnswer(answer) ? answer.headers.get('access-control-allow-origin') : null
    if (isAnswer(answer) && answer.status < 300 && allowed === '*') continue
    const isTwice = allowed?.includes(',') === true
    const found = isAnswer(answer)
      ? `status ${answer.status}, ${allowed ?? 'no header'}`
      : answer.reason
    const what = isTwice
      ? `${path} has the CORS headers twice.`
      : `The preflight of ${path} is not answered.`
    return one(
      warning(cors.id, isTwice ? 'twice' : 'preflight', what, {
        expected: 'status 204, Access-Control-Allow-Origin: *',
        found,
        why: 'Clients that run in a web page cannot sign in; others do not notice.',
        portal: ['Have the proxy in front pass OPTIONS on, and add no CORS headers of its own.'],
        docs: 'endpoints.md',
      }),
    )
  }
  return one(ok(cors.id, 'Clients that run in a web page can register and redeem.'))
}

/** A sign-in, as far as it goes without a person. */
export const serverSignInChecks: readonly Check[] = [callback, signIn, cors]

function one(finding: Finding): Outcome {
  return { findings: [finding] }
}
