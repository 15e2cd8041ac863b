import { type Answer, ask, isAnswer } from '../ask.ts'
import type { Check, DoctorIo, Facts, Outcome } from '../check.ts'
import { type Details, error, type Finding, ok, skipped } from '../finding.ts'
import { findObstacle, obstacleCure } from '../front.ts'
import { shown } from '../safe-text.ts'
import { parseJson } from './metadata.ts'

const DOCS = 'endpoints.md'

const resource: Check = {
  id: 'server.resource-metadata',
  title: 'What the server says about itself (RFC 9728)',
  faults: new Map([
    ['route', 'The document is not where the challenge says.'],
    ['resource', 'It is about another address than clients come by.'],
    ['authorization-server', 'It sends clients elsewhere to sign in.'],
  ]),
  needs: ['server.challenge'],
  run: readResource,
}

async function readResource(facts: Facts, io: DoctorIo): Promise<Outcome> {
  const { url } = facts
  const address = facts.resourceMetadata as string
  const answer = await ask(io, address)
  const document = isAnswer(answer) && answer.status === 200 ? parseJson(answer.text) : undefined
  if (!document) return one(notThere(resource.id, address, answer))
  const fault = (word: string, what: string, expected: string, found: unknown) =>
    error(resource.id, word, what, { expected, found: shown(found), ...ELSEWHERE, docs: DOCS })
  if (document.resource !== `${url}/mcp`) {
    const what = 'The document is about another address.'
    return one(fault('resource', what, `${url}/mcp`, document.resource))
  }
  const servers = Array.isArray(document.authorization_servers)
    ? document.authorization_servers
    : []
  if (servers.length === 1 && servers[0] === url) {
    return one(ok(resource.id, `The resource is ${url}/mcp; ${url} signs in.`))
  }
  const what = 'The document sends clients elsewhere to sign in.'
  return one(fault('authorization-server', what, url, servers.map(shown).join(', ')))
}

const ELSEWHERE: Details = {
  why: 'Clients compare addresses character by character, and stop; or go to Entra, which knows them not (AADSTS9010010).',
  portal: [
    'Have the proxy in front pass the /.well-known paths on to this server, and nothing rewrite what it answers.',
  ],
}

const metadata: Check = {
  id: 'server.metadata',
  title: 'The metadata of the authorization server, wherever clients look for it (RFC 8414)',
  faults: new Map([
    ['route', 'At one of the places there is no document, or another one.'],
    ['issuer', 'The issuer is not the address, character by character.'],
    ['insecure', 'An endpoint is http where the server is https.'],
    ['endpoint', 'An endpoint is at another host than the issuer.'],
    ['pkce', 'PKCE with S256 is not offered, which MCP clients insist on.'],
    ['public-clients', 'Clients without a secret are not offered a way.'],
  ]),
  needs: ['server.challenge'],
  unless: ['server.resource-metadata'],
  run: readMetadata,
}

/** Where clients of several makes look first (RFC 8414 §3.1, OpenID Connect Discovery §4). */
function placesOf(url: string): string[] {
  const { origin, pathname } = new URL(url)
  const path = pathname === '/' ? '' : pathname
  return [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}/.well-known/openid-configuration${path}`,
    ...(path ? [`${url}/.well-known/openid-configuration`] : []),
    `${origin}/.well-known/oauth-authorization-server${path}/mcp`,
  ]
}

async function readMetadata({ url }: Facts, io: DoctorIo): Promise<Outcome> {
  let first: Record<string, unknown> | undefined
  for (const place of placesOf(url)) {
    const answer = await ask(io, place)
    const document = isAnswer(answer) && answer.status === 200 ? parseJson(answer.text) : undefined
    if (!document) return one(notThere(metadata.id, place, answer))
    const fault = judgeMetadata(document, url, place)
    if (fault) return one(fault)
    first ??= document
  }
  const server = first as Record<string, unknown>
  const takes = server.client_id_metadata_document_supported ? ', metadata documents too' : ''
  const what = `The issuer is ${url}; S256${takes}; the same at ${placesOf(url).length} places.`
  return { findings: [ok(metadata.id, what)], facts: { server } }
}

const ENDPOINTS = [
  'authorization_endpoint',
  'token_endpoint',
  'registration_endpoint',
  'revocation_endpoint',
  'jwks_uri',
]

/** Without these there is no way in. */
const REQUIRED: ReadonlySet<string> = new Set(['authorization_endpoint', 'token_endpoint'])

function judgeMetadata(
  document: Record<string, unknown>,
  url: string,
  place: string,
): Finding | undefined {
  const fault = (word: string, what: string, expected: string, found: unknown) =>
    error(metadata.id, word, what, { expected, found: shown(found), ...ELSEWHERE, docs: DOCS })
  if (document.issuer !== url) {
    return fault('issuer', `At ${place} the issuer is another one.`, url, document.issuer)
  }
  for (const name of ENDPOINTS) {
    const endpoint = document[name]
    if (endpoint === undefined && !REQUIRED.has(name)) continue
    if (typeof endpoint === 'string' && endpoint.startsWith(`${url}/`)) continue
    const isInsecure = shown(endpoint)
      .replace(/^http:/, 'https:')
      .startsWith(`${url}/`)
    const what = `The ${name} is ${endpoint === undefined ? 'missing' : 'not below the issuer'}.`
    return fault(isInsecure ? 'insecure' : 'endpoint', what, `${url}/…`, endpoint)
  }
  const has = (name: string, value: string) => [document[name]].flat().includes(value)
  if (!has('code_challenge_methods_supported', 'S256')) {
    const found = document.code_challenge_methods_supported
    return fault('pkce', 'PKCE with S256 is not offered.', 'S256', found)
  }
  if (!has('token_endpoint_auth_methods_supported', 'none')) {
    const found = document.token_endpoint_auth_methods_supported
    return fault('public-clients', 'Clients without a secret are not offered a way.', 'none', found)
  }
  return undefined
}

function notThere(check: string, place: string, answer: Awaited<ReturnType<typeof ask>>): Finding {
  const obstacle = isAnswer(answer) ? findObstacle(answer) : undefined
  const found = obstacle?.found ?? (isAnswer(answer) ? describe(answer) : answer.reason)
  return error(check, 'route', `${place} does not give the document.`, {
    expected: 'status 200 and JSON',
    found,
    why: 'Clients look there, and some nowhere else.',
    portal: [`Route ${new URL(place).pathname} to the server.`],
    ...(obstacle && obstacle.word !== 'not-found' ? obstacleCure(obstacle) : {}),
    docs: DOCS,
  })
}

function describe({ status, headers }: Answer): string {
  return `status ${status}, ${headers.get('content-type') ?? 'no content type'}`
}

const keys: Check = {
  id: 'server.replicas',
  title: 'Whether every replica signs with the same key',
  faults: new Map([
    ['keys', 'Replicas have different keys: what one gives, the others refuse.'],
    ['route', 'The keys are not where the metadata says.'],
  ]),
  needs: ['server.metadata'],
  run: compareReplicas,
}

/** Enough for a load balancer to come round to more than one. */
const HITS = 8

async function compareReplicas({ url }: Facts, io: DoctorIo): Promise<Outcome> {
  const address = `${url}/.well-known/jwks.json`
  const answers = await Promise.all(Array.from({ length: HITS }, () => ask(io, address)))
  const sets = new Set<string>()
  for (const answer of answers) {
    const list = isAnswer(answer) ? parseJson(answer.text)?.keys : undefined
    if (!Array.isArray(list)) return one(notThere(keys.id, address, answer))
    sets.add(list.map((key) => shown(key?.kid)).join(' '))
  }
  if (sets.size === 1) return one(ok(keys.id, `${HITS} answers, one set of keys.`))
  return one(
    error(keys.id, 'keys', 'The replicas have different keys.', {
      expected: `one set of keys in ${HITS} answers`,
      found: `${sets.size}: ${[...sets].map((set) => set.slice(0, 100)).join('; ')}`,
      why: 'A sign-in that begins at one replica and ends at another fails; tokens are refused by chance.',
      portal: [
        'Set ENTRANCE_SECRET to the same value on every replica, and have them share one store.',
      ],
      command: 'openssl rand -base64 32',
      docs: 'configuration.md',
    }),
  )
}

const registration: Check = {
  id: 'server.registration',
  title: 'Whether a client can register (RFC 7591)',
  faults: new Map([
    ['refused', 'The server refuses a client that is well-formed.'],
    ['blocked', 'The request does not reach the server.'],
  ]),
  needs: ['server.metadata'],
  run: register,
}

/** Where nobody listens; nothing is ever sent there. */
export const REDIRECT_URI = 'http://127.0.0.1/callback'

async function register({ server }: Facts, io: DoctorIo): Promise<Outcome> {
  const address = server?.registration_endpoint
  if (typeof address !== 'string') {
    return one(
      skipped(registration.id, 'The server takes no registrations: its operator names clients.'),
    )
  }
  const body = JSON.stringify({
    client_name: 'entrance doctor',
    redirect_uris: [REDIRECT_URI],
    token_endpoint_auth_method: 'none',
  })
  const headers = { 'content-type': 'application/json' }
  // Nothing is stored of it: there is nothing to be taken back.
  const answer = await ask(io, address, { method: 'POST', headers, body })
  const json = isAnswer(answer) ? parseJson(answer.text) : undefined
  if (isAnswer(answer) && answer.status === 201 && typeof json?.client_id === 'string') {
    const findings = [ok(registration.id, 'A client can register.')]
    return { findings, facts: { registeredClient: json.client_id } }
  }
  if (json?.error === 'invalid_redirect_uri') {
    const what = 'The list of redirect URIs lets in other clients than one on this machine.'
    return one(skipped(registration.id, what))
  }
  const found = isAnswer(answer) ? describe(answer) : answer.reason
  const expected = 'status 201 and a client_id'
  const obstacle = isAnswer(answer) && !json ? findObstacle(answer) : undefined
  const details = obstacle
    ? { found: obstacle.found, ...obstacleCure(obstacle) }
    : { found: shown(json?.error_description) || found, portal: ['Look at the log of the server.'] }
  const word = json ? 'refused' : 'blocked'
  const what = 'A client cannot register.'
  return one(error(registration.id, word, what, { expected, ...details, docs: DOCS }))
}

/** What a client learns before anybody signs in. */
export const serverMetadataChecks: readonly Check[] = [resource, metadata, keys, registration]

function one(finding: Finding): Outcome {
  return { findings: [finding] }
}
