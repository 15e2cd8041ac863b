import { createPublicKey, type JsonWebKey, verify } from 'node:crypto'
import { ask, isAnswer } from '../ask.ts'
import type { DoctorIo, Facts } from '../check.ts'
import { discoveryUrl } from '../checks/login-host.ts'
import { parseJson } from '../checks/metadata.ts'
import { shown } from '../safe-text.ts'

/** One thing that a token says of itself. */
export type TokenRemark = {
  readonly claim: string
  /** Its value, where that tells nobody anything secret. */
  readonly value?: string
  readonly says: string
  readonly isFault: boolean
}

type Claims = Readonly<Record<string, unknown>>

/** Reads a token: what it is, for whom, how long. It is not printed, and neither are names. */
export async function explainToken(
  token: string,
  facts: Facts,
  io: DoctorIo,
): Promise<readonly TokenRemark[]> {
  const [head = '', payload = ''] = token.split('.')
  const header = decode(head)
  const claims = decode(payload)
  if (!header || !claims) return [fault('token', undefined, 'It cannot be read: it is damaged.')]
  // Entra's are of the type JWT (RFC 9068 §2.1).
  const isOurs = claims.iss === facts.url || header.typ === 'at+jwt'
  return [
    ...(isOurs ? explainOwn(claims, facts) : explainEntra(header, claims, facts)),
    ...explainTimes(claims, io.now()),
    isOurs
      ? remark(
          'signature',
          undefined,
          'Not verified: this is an access token of the server itself.',
        )
      : await verifySignature(token, header, facts, io),
  ]
}

function explainOwn({ iss, aud, scope }: Claims, { url }: Facts): TokenRemark[] {
  const isHere = aud === `${url}/mcp`
  return [
    iss === url
      ? remark('iss', url, 'An access token of this server, for clients to call it with.')
      : fault('iss', text(iss), `An access token of another server than ${url}.`),
    isHere
      ? remark('aud', text(aud), 'For this MCP server.')
      : fault('aud', text(aud), `For another MCP server than ${url}/mcp.`),
    remark('scope', text(scope), 'What the client may do.'),
  ]
}

function explainEntra(header: Claims, claims: Claims, facts: Facts): TokenRemark[] {
  if (header.nonce !== undefined || isGraph(claims.aud)) {
    return [
      fault(
        'aud',
        text(claims.aud),
        'A token for Microsoft Graph: nobody else can verify it, and this server takes it for nothing.',
      ),
    ]
  }
  return [
    remark(
      'token',
      undefined,
      'Of Entra: it stays in the server, whose clients get its own tokens.',
    ),
    explainVersion(claims),
    ...explainAudience(claims, facts),
    ...explainTenant(claims, facts),
    ...explainRights(claims),
  ]
}

/** Whether there is anything that it can be held against. */
function isConfigured({ entra, isUnconfigured }: Facts): boolean {
  return entra.isEmulator || !isUnconfigured
}

function isGraph(aud: unknown): boolean {
  return aud === '00000003-0000-0000-c000-000000000000' || /graph\.microsoft/.test(text(aud) ?? '')
}

function explainVersion({ ver }: Claims): TokenRemark {
  if (ver === '2.0') return remark('ver', '2.0', 'Version 2.0, as this server wants it.')
  const says =
    'A version 1.0 token: set requestedAccessTokenVersion to 2 in the Manifest (or run entrance setup).'
  return fault('ver', text(ver), says)
}

function explainAudience({ aud, nonce, azp, appid }: Claims, facts: Facts): TokenRemark[] {
  const id = facts.entra.clientId
  const kind = nonce === undefined ? 'An access token' : 'An ID token, by its nonce,'
  const caller = text(azp ?? appid)
  if (!isConfigured(facts)) return [remark('aud', text(aud), `${kind} for that application.`)]
  const own = aud === id || text(aud)?.replace(/\/$/, '') === `api://${id}`
  return [
    own
      ? remark('aud', text(aud), `${kind} for this application.`)
      : fault('aud', text(aud), `${kind} for another application than ${id}.`),
    ...(caller && caller !== id
      ? [fault('azp', caller, 'Another client than this server got it.')]
      : []),
  ]
}

function explainTenant({ iss, tid, ver }: Claims, facts: Facts): TokenRemark[] {
  const { entra } = facts
  const issuer = text(iss) ?? ''
  const named = text(tid)
  if (!isConfigured(facts)) {
    return [remark('iss', issuer, 'Who issued it.'), remark('tid', named, 'The tenant.')]
  }
  const sts = entra.authority.endsWith('.cn') ? 'sts.chinacloudapi.cn' : 'sts.windows.net'
  const expected = ver === '2.0' ? `${entra.authority}/${named}/v2.0` : `https://${sts}/${named}/`
  const isOther = /^[0-9a-f-]{36}$/.test(entra.tenantId) && tid !== entra.tenantId
  return [
    issuer === expected
      ? remark('iss', issuer, 'Issued by the login host that is configured.')
      : fault('iss', issuer, `Another issuer than ${expected}.`),
    isOther
      ? fault('tid', text(tid), `Of another tenant than AZURE_TENANT_ID, ${entra.tenantId}.`)
      : remark('tid', text(tid), 'The tenant.'),
  ]
}

function explainRights(claims: Claims): TokenRemark[] {
  const { scp, roles, groups, oid, idtyp } = claims
  const names = claims._claim_names as Record<string, unknown> | undefined
  const isOverage = names?.groups !== undefined || claims.hasgroups === true
  const isApp = idtyp === 'app' || (scp === undefined && claims.nonce === undefined)
  return [
    ...(scp !== undefined ? [explainScopes(text(scp) ?? '')] : []),
    ...(isApp
      ? [
          fault(
            'scp',
            undefined,
            'No scopes: an application has it in its own name, and no person.',
          ),
        ]
      : []),
    ...(Array.isArray(roles)
      ? [remark('roles', roles.map(shown).join(', ').slice(0, 500), 'App roles.')]
      : []),
    ...(isOverage
      ? [
          fault(
            'groups',
            undefined,
            'More groups than fit: the token names none, and Graph has to be asked. App roles are better.',
          ),
        ]
      : []),
    ...(Array.isArray(groups) ? [remark('groups', String(groups.length), 'So many groups.')] : []),
    ...(oid === undefined
      ? [fault('oid', undefined, 'No oid: the scope profile was not granted.')]
      : []),
  ]
}

function explainScopes(scp: string): TokenRemark {
  return scp.split(' ').includes('mcp-access')
    ? remark('scp', scp, 'Has mcp-access.')
    : fault('scp', scp, 'Lacks mcp-access: enable the scope and consent to it.')
}

function explainTimes({ exp, nbf }: Claims, now: number): TokenRemark[] {
  const at = (seconds: unknown) => (typeof seconds === 'number' ? seconds * 1000 : Number.NaN)
  const date = (seconds: unknown) =>
    Number.isFinite(at(seconds)) && Math.abs(at(seconds)) < 8.64e15
      ? new Date(at(seconds)).toISOString()
      : 'no time'
  return [
    ...(nbf !== undefined && at(nbf) > now + 300_000
      ? [fault('nbf', date(nbf), 'Not valid yet: a clock is wrong.')]
      : []),
    at(exp) > now
      ? remark('exp', date(exp), 'Still in force.')
      : fault('exp', date(exp), 'Expired.'),
  ]
}

/** By the keys of the login host that is configured, and of no other: a token names whom it likes. */
async function verifySignature(
  token: string,
  { alg, kid }: Claims,
  facts: Facts,
  io: DoctorIo,
): Promise<TokenRemark> {
  const keys = await fetchKeys(facts, io)
  if (!keys)
    return remark('signature', undefined, 'Not verified: the keys of Entra are out of reach.')
  const key = keys.find((one) => one.kid === kid)
  if (!key || alg !== 'RS256') {
    return fault('signature', undefined, 'Not by a key of the login host that is configured.')
  }
  return isSignedBy(key, token)
    ? remark('signature', undefined, 'Verified: Entra has signed it.')
    : fault('signature', undefined, 'Wrong: the token was changed, or is not whole.')
}

function isSignedBy(key: JsonWebKey, token: string): boolean {
  const [head, payload, signature = ''] = token.split('.')
  const bytes = Buffer.from(signature, 'base64url')
  try {
    const publicKey = createPublicKey({ key, format: 'jwk' })
    return verify('RSA-SHA256', Buffer.from(`${head}.${payload}`), publicKey, bytes)
  } catch {
    // A key that is none.
    return false
  }
}

async function fetchKeys(facts: Facts, io: DoctorIo): Promise<JsonWebKey[] | undefined> {
  const { entra } = facts
  if (!isConfigured(facts) || !URL.canParse(discoveryUrl(entra))) return undefined
  const discovery = await ask(io, discoveryUrl(entra))
  const address = isAnswer(discovery) ? parseJson(discovery.text)?.jwks_uri : undefined
  if (typeof address !== 'string' || URL.parse(address)?.origin !== entra.authority)
    return undefined
  const answer = await ask(io, address)
  const keys = isAnswer(answer) ? parseJson(answer.text)?.keys : undefined
  return Array.isArray(keys) ? keys.filter((key) => key?.kty === 'RSA') : undefined
}

function remark(claim: string, value: string | undefined, says: string): TokenRemark {
  return { claim, ...(value !== undefined && { value }), says, isFault: false }
}

function fault(claim: string, value: string | undefined, says: string): TokenRemark {
  return { ...remark(claim, value, says), isFault: true }
}

function decode(part: string): Claims | undefined {
  return parseJson(Buffer.from(part, 'base64url').toString())
}

function text(value: unknown): string | undefined {
  return value === undefined ? undefined : shown(value)
}
