import { ask, isAnswer } from '../ask.ts'
import type { Check, DoctorIo, EntraFacts, Facts, MetadataFacts, Outcome } from '../check.ts'
import { type Details, error, type Finding, ok, warning } from '../finding.ts'
import { readRefusal, refusalFinding } from '../refusal.ts'
import { shellUrl } from '../safe-text.ts'

const metadata: Check = {
  id: 'entra.metadata',
  title: "The tenant's OpenID metadata",
  faults: new Map([
    ['tenant', 'The login host knows no such tenant.'],
    ['cloud', 'The tenant belongs to another cloud than the login host.'],
    ['other', 'The document is that of another tenant or host.'],
    ['not-entra', 'Something else than Entra answered: a proxy, a portal to sign in to a network.'],
    ['busy', 'Entra answers with 429 or an error of its own.'],
    ['refused', 'Entra refuses for a reason that has no place here.'],
  ]),
  needs: ['entra.reach'],
  run: readMetadata,
}

const TENANT_CODES: ReadonlyMap<number, string> = new Map([
  [90002, 'tenant'],
  [900023, 'tenant'],
  ...[90038, 900439, 900382, 900432, 90051].map((code) => [code, 'cloud'] as const),
])

function readMetadata(facts: Facts): Outcome {
  const { discovery, entra } = facts
  const { status, text } = discovery as NonNullable<typeof discovery>
  const document = parseJson(text)
  if (status === 429 || status >= 500) return one(busy(entra, status))
  if (document?.error_description || document?.error) {
    const refusal = readRefusal(textOf(document.error), textOf(document.error_description))
    if (refusal)
      return one(refusalFinding(metadata.id, TENANT_CODES, refusal, facts, tenant(entra)))
  }
  const found = status === 200 ? toMetadata(document) : undefined
  if (!found) return one(notEntra(entra, status, text))
  return judge(found, document as Record<string, unknown>, facts)
}

/** The tenants that stand for many have a template in place of the id. */
const ALIASES: ReadonlySet<string> = new Set(['common', 'organizations'])

function judge(found: MetadataFacts, document: Record<string, unknown>, facts: Facts): Outcome {
  const { entra } = facts
  const [, named = ''] = /\/([^/]*)\/v2\.0$/.exec(found.issuer) ?? []
  const isNamed = ALIASES.has(entra.tenantId) ? named === '{tenantid}' : GUID.test(named)
  const isOwnHost =
    URL.parse(found.issuer)?.origin === entra.authority || isExternalId(found, entra)
  const isAsked = !GUID.test(entra.tenantId) || named === entra.tenantId
  const endpoints = [found.authorization_endpoint, found.token_endpoint, found.jwks_uri]
  const foreign = endpoints.find((endpoint) => URL.parse(endpoint)?.origin !== entra.authority)
  const cloud = findCloud(document, entra)
  if (cloud) return one(cloud)
  if (!isNamed || !isAsked || !isOwnHost || foreign !== undefined)
    return one(other(found, entra, foreign))
  const isDomain = entra.tenantId !== named && GUID.test(named)
  const what = isDomain
    ? `${entra.tenantId} is the tenant ${named}.`
    : `The issuer is ${found.issuer}.`
  const tenantGuid = GUID.test(named) ? { tenantGuid: named } : {}
  return { findings: [ok(metadata.id, what)], facts: { metadata: found, ...tenantGuid } }
}

/** External ID names itself by the tenant's id, whatever name it was asked by. */
function isExternalId({ issuer }: MetadataFacts, { authority }: EntraFacts): boolean {
  return [issuer, authority].every((one) => URL.parse(one)?.hostname.endsWith('.ciamlogin.com'))
}

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** The cloud that a document says it is of, by the host that its people sign in at. */
const CLOUDS: ReadonlyMap<string, string> = new Map([
  ['microsoftonline.com', 'https://login.microsoftonline.com'],
  ['microsoftonline.us', 'https://login.microsoftonline.us'],
  ['partner.microsoftonline.cn', 'https://login.partner.microsoftonline.cn'],
])

/** A login host also answers for tenants of other clouds, and only then says where they belong. */
function findCloud(document: Record<string, unknown>, { authority }: EntraFacts) {
  const login = CLOUDS.get(textOf(document.cloud_instance_name) ?? '')
  const isKnownHost = [...CLOUDS.values()].includes(authority)
  if (!login || !isKnownHost || login === authority) return undefined
  return error(metadata.id, 'cloud', `The tenant signs in at ${login}, not at ${authority}.`, {
    expected: login,
    found: authority,
    why: 'Entra shows people a page of its own (AADSTS900439 and the like), and nothing comes back.',
    portal: [`Set ENTRANCE_AUTHORITY to ${login}.`],
    command: `ENTRANCE_AUTHORITY=${login}`,
    docs: 'entra.md',
  })
}

function other(found: MetadataFacts, entra: EntraFacts, foreign: string | undefined): Finding {
  const expected = `${entra.authority}/${entra.tenantId}/v2.0`
  const what = foreign
    ? `The metadata sends sign-ins to another host: ${URL.parse(foreign)?.host ?? foreign}.`
    : `The metadata is that of another issuer than the tenant ${entra.tenantId}.`
  return error(metadata.id, 'other', what, {
    expected: foreign ? `${entra.authority}/…` : expected,
    found: foreign ?? found.issuer,
    why: 'This server trusts nobody but the tenant that is configured: every sign-in fails.',
    portal: ['Check ENTRANCE_AUTHORITY and AZURE_TENANT_ID.'],
    docs: 'entra.md',
  })
}

function notEntra({ authority }: EntraFacts, status: number, text: string): Finding {
  const title = /<title>([^<]{1,80})/i.exec(text)?.[1]?.trim()
  const what = `What answers at ${authority} is not Entra: status ${status}${title ? `, "${title}"` : ''}.`
  return error(metadata.id, 'not-entra', what, {
    expected: 'status 200, OpenID metadata as JSON',
    found: `status ${status}, ${text.trimStart().startsWith('<') ? 'an HTML page' : 'something else'}`,
    why: 'A proxy, a firewall or a network that wants people to sign in answers in its place.',
    portal: ['Check ENTRANCE_AUTHORITY, HTTPS_PROXY and the network of this machine.'],
  })
}

function busy({ authority }: EntraFacts, status: number): Finding {
  return warning(metadata.id, 'busy', `${authority} answers with status ${status}.`, {
    why: 'Nobody can sign in while that lasts; nobody is signed out.',
    portal: ['Try again in a moment.'],
  })
}

function tenant({ authority, tenantId }: EntraFacts): Details {
  return { expected: `a tenant that ${authority} knows`, found: tenantId }
}

const keys: Check = {
  id: 'entra.keys',
  title: "The keys that Entra's tokens are signed with",
  faults: new Map([
    ['unreachable', 'The address of the keys gives no answer.'],
    ['none', 'There is no RSA key among them.'],
  ]),
  needs: ['entra.metadata'],
  run: readKeys,
}

async function readKeys(facts: Facts, io: DoctorIo): Promise<Outcome> {
  const { jwks_uri } = facts.metadata as MetadataFacts
  const answer = await ask(io, jwks_uri)
  const why = "Without the keys no token of Entra's can be verified, and nobody gets in."
  if (!isAnswer(answer) || answer.status !== 200) {
    const reason = isAnswer(answer) ? `status ${answer.status}` : answer.reason
    return one(
      error(keys.id, 'unreachable', `${jwks_uri} gives no keys: ${reason}.`, {
        expected: 'status 200 and a key set',
        found: reason,
        why,
        portal: ['Open the way out to that address; a proxy has to let it through as well.'],
        command: `curl -sS ${shellUrl(jwks_uri)}`,
      }),
    )
  }
  const list = parseJson(answer.text)?.keys
  const rsa = Array.isArray(list) ? list.filter((key) => key?.kty === 'RSA') : []
  if (rsa.length > 0) return one(ok(keys.id, `${rsa.length} keys to verify tokens with.`))
  return one(
    error(keys.id, 'none', `${jwks_uri} has no RSA key.`, {
      expected: 'one RSA key or more',
      found: 'none',
      why,
      portal: ['Something in between answers in place of Entra: check the proxy.'],
      command: `curl -sS ${shellUrl(jwks_uri)}`,
    }),
  )
}

/** What the login host says of the tenant. */
export const metadataChecks: readonly Check[] = [metadata, keys]

function one(finding: Finding): Outcome {
  return { findings: [finding] }
}

function toMetadata(document: Record<string, unknown> | undefined): MetadataFacts | undefined {
  const names = ['issuer', 'authorization_endpoint', 'token_endpoint', 'jwks_uri']
  if (!document || !names.every((name) => typeof document[name] === 'string')) return undefined
  const texts = document as Record<string, string>
  return { ...(texts as unknown as MetadataFacts), msgraph_host: textOf(document.msgraph_host) }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** An object in JSON, or nothing. */
export function parseJson(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}
