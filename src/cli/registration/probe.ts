import {
  constants,
  createHash,
  createPrivateKey,
  randomUUID,
  sign,
  X509Certificate,
} from 'node:crypto'
import { Interrupted } from '../exit-codes.ts'
import type { Authority } from '../graph/authority.ts'

/** What the sign-in service says of something: it takes it, or an AADSTS number. */
export type Verdict =
  | {
      readonly kind: 'accepted' /** `ver` of the token, where there is one. */
      readonly version?: string
    }
  | { readonly kind: 'refused'; readonly code: number; readonly message: string }
  /** Something else, which says nothing about what was asked. */
  | { readonly kind: 'unknown'; readonly message: string }

/** What the server proves itself with, as far as it can be tried from here. */
export type TriedCredential = { readonly secret: string } | { readonly pem: string }

const TIMEOUT = 15_000
const MAX_BYTES = 256 * 1024

/** Has the token endpoint check a credential: a harmless request, in nobody's name. */
export async function tryCredential(
  authority: Authority,
  clientId: string,
  credential: TriedCredential,
  signal: AbortSignal,
): Promise<Verdict> {
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: clientId,
    // Its own: by the id, for the other form is refused where client and API are one.
    scope: `${clientId}/.default`,
    ...('secret' in credential
      ? { client_secret: credential.secret }
      : {
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
          client_assertion: signAssertion(credential.pem, clientId, authority.tokenEndpoint),
        }),
  })
  const answer = await ask(authority.tokenEndpoint, { method: 'POST', body }, signal)
  const { access_token, error_description } = parse(answer.text)
  if (typeof access_token === 'string') {
    return { kind: 'accepted', version: versionOf(access_token) }
  }
  return toVerdict(String(error_description ?? answer.text))
}

/**
 * Has the authorization endpoint check client id, redirect URI and scope: with `prompt=none` it
 * asks nobody, and where all is right it comes back at once, for want of a session.
 */
export async function tryAuthorization(
  authority: Authority,
  clientId: string,
  redirectUri: string,
  scope: string,
  signal: AbortSignal,
): Promise<Verdict> {
  const url = new URL(authority.authorizationEndpoint)
  const params = {
    client_id: clientId,
    response_type: 'code',
    redirect_uri: redirectUri,
    scope: `${scope} openid`,
    prompt: 'none',
    state: randomUUID(),
    nonce: randomUUID(),
    code_challenge: createHash('sha256').update(randomUUID()).digest('base64url'),
    code_challenge_method: 'S256',
  }
  for (const [name, value] of Object.entries(params)) url.searchParams.set(name, value)
  const answer = await ask(url.href, {}, signal)
  const back = answer.location?.startsWith(redirectUri) ? URL.parse(answer.location) : undefined
  const error = back?.searchParams.get('error')
  if (error && NOBODY_THERE.has(error)) return { kind: 'accepted' }
  return toVerdict(back?.searchParams.get('error_description') ?? answer.text)
}

/** All is well, but that nobody is signed in, or that somebody would have to be asked. */
const NOBODY_THERE: ReadonlySet<string> = new Set([
  'login_required',
  'interaction_required',
  'consent_required',
  'account_selection_required',
])

function toVerdict(text: string): Verdict {
  const code = Number(/AADSTS(\d{4,9})/.exec(text)?.[1])
  const message = text.slice(0, 500)
  return code ? { kind: 'refused', code, message } : { kind: 'unknown', message }
}

type Answer = { readonly text: string; readonly location: string | undefined }

async function ask(url: string, init: RequestInit, signal: AbortSignal): Promise<Answer> {
  try {
    const timeout = AbortSignal.timeout(TIMEOUT)
    const response = await fetch(url, {
      ...init,
      redirect: 'manual',
      signal: AbortSignal.any([signal, timeout]),
    })
    const text = (await response.text()).slice(0, MAX_BYTES)
    return { text, location: response.headers.get('location') ?? undefined }
  } catch {
    if (signal.aborted) throw new Interrupted()
    return { text: 'The sign-in service does not answer.', location: undefined }
  }
}

function parse(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    return {}
  }
}

function versionOf(token: string): string {
  const claims = parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  return String(claims.ver)
}

/** RFC 7523 §2.2, as Entra wants it: PS256, and the certificate's thumbprint. */
function signAssertion(pem: string, clientId: string, audience: string): string {
  const now = Math.floor(Date.now() / 1000)
  const thumbprint = createHash('sha256').update(new X509Certificate(pem).raw).digest('base64url')
  const header = { alg: 'PS256', typ: 'JWT', 'x5t#S256': thumbprint }
  const claims = {
    iss: clientId,
    sub: clientId,
    aud: audience,
    jti: randomUUID(),
    nbf: now - 60,
    exp: now + 300,
  }
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
  const input = `${encode(header)}.${encode(claims)}`
  const signature = sign('sha256', Buffer.from(input), {
    key: createPrivateKey(pem),
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
  })
  return `${input}.${signature.toString('base64url')}`
}
