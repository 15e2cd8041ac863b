/** Why a host was not reached, as the end of a sentence, and what to do. */
export type Trouble = { readonly why: string; readonly cure: string }

const CONNECTION = 'If it lasts, check the connection from this server to Entra.'
const LATER = `Try again in a moment. ${CONNECTION}`
const BY_PROXY = `${LATER} Where it leads through a proxy only, HTTPS_PROXY has to name it.`
const OWN_CA =
  'Where a proxy of the organisation opens TLS, name a PEM file of its certificate authority in NODE_EXTRA_CA_CERTS, and restart.'

const away = (why: string): Trouble => ({ why, cure: BY_PROXY })
const untrusted: Trouble = { why: 'its certificate is not trusted here', cure: OWN_CA }
const outdated: Trouble = {
  why: 'its certificate is not valid at this time',
  cure: "Check this machine's clock.",
}

/** By Node's code, or OpenSSL's. */
const TROUBLES: ReadonlyMap<unknown, Trouble> = new Map([
  ['ENOTFOUND', away('its name is not known here')],
  ['EAI_AGAIN', away('its name cannot be looked up')],
  ['ECONNREFUSED', away('the connection is refused')],
  ['ECONNRESET', away('the connection breaks off')],
  ['UND_ERR_SOCKET', away('the connection breaks off')],
  ['ENETUNREACH', away('there is no way to it')],
  ['EHOSTUNREACH', away('there is no way to it')],
  ['ETIMEDOUT', away('it takes too long')],
  ['UND_ERR_CONNECT_TIMEOUT', away('it takes too long')],
  ['UND_ERR_HEADERS_TIMEOUT', away('it takes too long')],
  ['SELF_SIGNED_CERT_IN_CHAIN', untrusted],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', untrusted],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', untrusted],
  ['UNABLE_TO_GET_ISSUER_CERT', untrusted],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', untrusted],
  ['CERT_UNTRUSTED', untrusted],
  ['CERT_HAS_EXPIRED', outdated],
  ['CERT_NOT_YET_VALID', outdated],
  ['ERR_TLS_CERT_ALTNAME_INVALID', { why: 'its certificate is for another host', cure: OWN_CA }],
])

const PROXY_PASSWORD: Trouble = {
  why: 'the proxy wants a user name and a password (407)',
  cure: 'Write them into HTTPS_PROXY, as http://user:password@proxy.example.com:8080, and restart.',
}

/** Says what stood in the way of a request, by the error that `fetch` gave. */
export function explainUnreachable(error: unknown): Trouble {
  for (const { name, code, message } of causesOf(error)) {
    const status = /proxy response.*?\b(\d{3})\b/i.exec(message)?.[1]
    if (status === '407') return PROXY_PASSWORD
    if (status) return refusedByProxy(status)
    if (name === 'TimeoutError') return away('it takes too long')
    const trouble = TROUBLES.get(code)
    if (trouble) return trouble
  }
  return { why: 'it cannot be reached', cure: LATER }
}

function refusedByProxy(status: string): Trouble {
  const cure = 'Let the proxy of HTTPS_PROXY through to Entra, or name the host in NO_PROXY.'
  return { why: `the proxy refuses to connect (${status})`, cure }
}

type Cause = { readonly name: string; readonly code: unknown; readonly message: string }

/** The error and what it came from; of several attempts at once, the last. */
function causesOf(error: unknown): readonly Cause[] {
  const causes: Cause[] = []
  for (let at = error; at instanceof Error && causes.length < 5; ) {
    const { name, message, code } = at as NodeJS.ErrnoException
    causes.push({ name, code, message })
    at = at.cause ?? (at instanceof AggregateError ? at.errors.at(-1) : undefined)
  }
  return causes
}
