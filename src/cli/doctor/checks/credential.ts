import { graphOrigin } from '../../../core/clouds.ts'
import { createCredential } from '../../../core/entra/credentials/credential.ts'
import { EntraError } from '../../../core/errors.ts'
import type { GraphCall } from '../../graph/graph-client.ts'
import { toAz } from '../../registration/az.ts'
import { ask, isAnswer } from '../ask.ts'
import type { Check, DoctorIo, Facts, MetadataFacts, Outcome } from '../check.ts'
import { type Details, error, type Finding, ok, skipped, warning } from '../finding.ts'
import { type Refusal, readRefusal, refusalFinding } from '../refusal.ts'
import { shellUrl, shown } from '../safe-text.ts'
import { parseJson } from './metadata.ts'

/** Redeems a code that nobody gave: Entra looks at the credential first, and says what it thinks. */
const credential: Check = {
  id: 'entra.credential',
  title: "The credential, with which a sign-in's code is redeemed",
  faults: new Map([
    ['wrong', 'The secret is not one of this application.'],
    ['expired', 'The secret has expired.'],
    ['missing', 'Entra wants a credential, and got none that it recognises as one.'],
    ['public-client', 'The application is a public client, which may not have a secret.'],
    ['certificate', 'The certificate is not registered, or not accepted.'],
    ['clock', 'The assertion is not within its time: the clock is wrong.'],
    ['federated', 'No federated credential fits the assertion that was presented.'],
    ['unavailable', 'What stands in for a secret here cannot be read or had.'],
    ['client-id', 'Entra does not know the client id in this tenant.'],
    ['disabled', 'The application is switched off in this tenant.'],
    ['refused', 'Entra refuses for another reason; the number tells which.'],
    ['busy', 'Entra has trouble of its own.'],
    ['unreachable', 'The token endpoint gives no answer.'],
  ]),
  needs: ['entra.metadata'],
  unless: [
    'clock',
    ...['client-id', 'disabled', 'account-types'].map((word) => `entra.authorize.${word}`),
    ...['application-missing', 'service-principal-missing', 'service-principal-disabled']
      .concat('secret-unknown', 'secret-expired', 'certificate-missing')
      .concat('federated-credential-missing', 'account-type')
      .map((word) => `registration.${word}`),
  ],
  run: probeCredential,
}

const WORDS: ReadonlyMap<number, string> = new Map([
  ...[7000215, 70002].map((code) => [code, 'wrong'] as const),
  [7000222, 'expired'],
  [7000218, 'missing'],
  [700025, 'public-client'],
  ...[700027, 7000214, 7000277, 50012, 50048].map((code) => [code, 'certificate'] as const),
  [700024, 'clock'],
  ...[70021, 700211, 700212, 700213, 7002137, 7002138].map((code) => [code, 'federated'] as const),
  ...[700222, 700229].map((code) => [code, 'federated'] as const),
  ...[700016, 700038].map((code) => [code, 'client-id'] as const),
  ...[7000112, 70001].map((code) => [code, 'disabled'] as const),
])

async function probeCredential(facts: Facts, io: DoctorIo): Promise<Outcome> {
  try {
    return await presentCredential(facts, io)
  } catch (cause) {
    // A token file that is not there, a managed identity that does not answer.
    if (!(cause instanceof EntraError)) throw cause
    const details = { why: 'Without it no code is redeemed.', portal: [cause.cure] }
    return one(error(credential.id, 'unavailable', cause.message, details))
  }
}

async function presentCredential(facts: Facts, io: DoctorIo): Promise<Outcome> {
  const answer = await askToken(facts, io, {
    grant_type: 'authorization_code',
    code: 'doctor-has-no-code',
    redirect_uri: `${facts.url}/auth/callback`,
    scope: `api://${facts.entra.clientId}/mcp-access`,
  })
  if (typeof answer === 'string') return one(unreachable(credential.id, facts, answer))
  const { refusal, status } = answer
  // It got as far as the code.
  if (refusal?.error === 'invalid_grant' || refusal?.code === 9002313) {
    return one(ok(credential.id, 'Entra accepts the credential.'))
  }
  if (!refusal) return one(busy(credential.id, status))
  return one(refusalFinding(credential.id, WORDS, refusal, facts, detailsOf(refusal, facts)))
}

/** Length alone: enough to see that half of it is missing, and nothing to be afraid of in a log. */
function detailsOf({ code }: Refusal, { entra: { credential: given } }: Facts): Details {
  const word = WORDS.get(code ?? 0)
  if (given.kind !== 'secret' || (word !== 'wrong' && word !== 'expired')) return {}
  const found = `ENTRA_PROXY_AZURE_CLIENT_SECRET, ${given.secret.length} characters long`
  return { expected: "the Value of one of the application's secrets, in force", found }
}

type TokenAnswer = {
  readonly status: number
  readonly refusal: Refusal | undefined
  readonly body: Record<string, unknown> | undefined
}

/** One call of the token endpoint as this application; a text says why there was no answer. */
async function askToken(
  { entra, metadata: found }: Facts,
  io: DoctorIo,
  params: Readonly<Record<string, string>>,
): Promise<TokenAnswer | string> {
  const { token_endpoint } = found as MetadataFacts
  const body = new URLSearchParams(params)
  // What a sign-in presents: the same secret, certificate or federated token.
  const authenticate = await createCredential({
    entra: { ...entra, identifierUri: `api://${entra.clientId}`, prompt: '' },
    log: () => {},
  })(token_endpoint)
  await authenticate({ issuer: '' }, { client_id: entra.clientId }, body, new Headers())
  const answer = await ask(io, token_endpoint, { method: 'POST', body })
  if (!isAnswer(answer)) return answer.reason
  const json = parseJson(answer.text)
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined)
  const refusal = readRefusal(text(json?.error), text(json?.error_description))
  return { status: answer.status, refusal, body: json }
}

const token: Check = {
  id: 'entra.token',
  title: 'The access tokens that Entra issues for this application',
  faults: new Map([
    ['version', 'The tokens are of version 1.0: requestedAccessTokenVersion is not 2.'],
    ['audience', 'The tokens are for another application.'],
    ['issuer', 'The tokens are of another issuer or tenant than the metadata says.'],
    ['id-uri', 'Entra knows the API by no such name.'],
  ]),
  needs: ['entra.credential'],
  unless: ['entra.authorize', 'registration'],
  run: probeToken,
}

const NO_API: ReadonlySet<number | undefined> = new Set([500011, 90009])

async function probeToken(facts: Facts, io: DoctorIo): Promise<Outcome> {
  // By the client id: a name of one's own may be refused (AADSTS90009).
  const params = { grant_type: 'client_credentials', scope: `${facts.entra.clientId}/.default` }
  const answer = await askToken(facts, io, params)
  if (typeof answer === 'string') return one(unreachable(token.id, facts, answer))
  const claims = readClaims(answer.body?.access_token)
  if (claims) return { findings: judgeClaims(claims, facts) }
  const { refusal } = answer
  if (NO_API.has(refusal?.code)) {
    const words = new Map([...NO_API].map((code) => [code as number, 'id-uri'] as const))
    return one(refusalFinding(token.id, words, refusal as Refusal, facts))
  }
  // People's sign-ins do not need this grant: that it is refused is nothing to worry about.
  const reason = refusal?.sentence ?? `status ${answer.status}`
  return one(skipped(token.id, `Entra gives this application no token of its own: ${reason}`))
}

function judgeClaims(claims: Record<string, unknown>, facts: Facts): Finding[] {
  const { entra, metadata: found, tenantGuid } = facts
  if (claims.ver !== '2.0') return [wrongVersion(claims.ver, facts)]
  if (claims.aud !== entra.clientId) {
    const details = { expected: entra.clientId, found: shown(claims.aud) }
    return [error(token.id, 'audience', 'The tokens are for another audience.', details)]
  }
  const issuer = (found as MetadataFacts).issuer.replace('{tenantid}', shown(claims.tid))
  const isTenant = tenantGuid === undefined || claims.tid === tenantGuid
  if (claims.iss === issuer && isTenant) {
    return [ok(token.id, 'The tokens are of version 2.0, for this application and tenant.')]
  }
  const what = 'The tokens are of another issuer or tenant than the metadata says.'
  const details = { expected: issuer, found: shown(claims.iss), docs: 'entra.md' }
  return [error(token.id, 'issuer', what, details)]
}

/** Microsoft Graph of the cloud that the metadata is of. */
function graphOf({ entra, metadata: found }: Facts): string {
  try {
    return graphOrigin(entra.authority, found?.msgraph_host)
  } catch {
    return 'https://graph.microsoft.com'
  }
}

function wrongVersion(claim: unknown, facts: Facts): Finding {
  const version = shown(claim) || 'unknown'
  // `az rest`: `az ad app update --set api.…` cannot work.
  const call: GraphCall = {
    method: 'PATCH',
    path: `/applications(appId='${facts.entra.clientId}')`,
    body: { api: { requestedAccessTokenVersion: 2 } },
    why: 'Have version 2 tokens issued',
  }
  return error(token.id, 'version', `Entra issues version ${version} access tokens.`, {
    expected: 'ver 2.0',
    found: `ver ${version}`,
    why: 'They have another issuer and audience, and are refused at the end of every sign-in.',
    portal: [
      'App registrations > the application > Manifest: "api": { "requestedAccessTokenVersion": 2 }',
      'It takes a few minutes to be in force.',
    ],
    command: toAz([call], graphOf(facts)),
    docs: 'entra.md',
    canFix: true,
  })
}

function readClaims(text: unknown): Record<string, unknown> | undefined {
  const part = typeof text === 'string' ? text.split('.')[1] : undefined
  return part ? parseJson(Buffer.from(part, 'base64url').toString()) : undefined
}

function unreachable(check: string, { metadata: found }: Facts, reason: string): Finding {
  const { token_endpoint } = found as MetadataFacts
  const what = `The token endpoint gives no answer: ${reason}.`
  return error(check, 'unreachable', what, {
    why: 'Without it no sign-in can be completed.',
    portal: ['Check the way from this machine to Entra.'],
    command: `curl -sS -o /dev/null -w "%{http_code}\\n" -X POST ${shellUrl(token_endpoint)}`,
  })
}

function busy(check: string, status: number): Finding {
  return warning(check, 'busy', `Entra's token endpoint answers with status ${status}.`, {
    why: 'Nobody can sign in while that lasts; nobody is signed out.',
    portal: ['Try again in a moment.'],
  })
}

/** What the credential is good for. */
export const credentialChecks: readonly Check[] = [credential, token]

function one(finding: Finding): Outcome {
  return { findings: [finding] }
}
