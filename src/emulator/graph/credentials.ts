import { randomBytes, X509Certificate } from 'node:crypto'
import type { Application, KeyCredential, PasswordCredential, Tenant } from '../directory.ts'
import { checkApplication } from './application-rules.ts'
import { PASSWORD_SCHEMA } from './application-schema.ts'
import { requireMayManage } from './authorization.ts'
import { findApplication, write } from './find.ts'
import { firstKey, type GraphCall, NO_CONTENT, ok, type Reply } from './graph-call.ts'
import { badRequest, GraphError, invalidProperty, notOfSchema } from './graph-error.ts'
import { contextOf } from './query.ts'
import { showPassword } from './represent.ts'
import { type JsonObject, object, parse } from './schema.ts'

const DAY = 24 * 60 * 60 * 1000

/** POST /applications/{id}/addPassword: the only answer that a secret is in. */
export function addPassword(call: GraphCall): Reply {
  const application = findApplication(call, firstKey(call))
  requireMayManage(call, application)
  const { passwordCredential = {} } = parse(
    object({ passwordCredential: { ...PASSWORD_SCHEMA, isNullable: true } }),
    call.body,
    'addPassword',
  )
  const secret = makeSecret(call, (passwordCredential ?? {}) as JsonObject)
  const changed = {
    ...application,
    passwordCredentials: [...application.passwordCredentials, secret],
  }
  checkApplication(call.sts.directory, call.caller.tenant, application, changed)
  write(call, 'applications', changed)
  return ok({
    '@odata.context': contextOf(call, 'microsoft.graph.passwordCredential'),
    ...showPassword(secret),
    secretText: secret.secretText,
  })
}

/** POST /applications/{id}/removePassword */
export function removePassword(call: GraphCall): Reply {
  const application = findApplication(call, firstKey(call))
  requireMayManage(call, application)
  const schema = object({ keyId: { kind: 'guid' } }, { required: ['keyId'] })
  const { keyId } = parse(schema, call.body, 'removePassword')
  const passwordCredentials = application.passwordCredentials.filter((key) => key.keyId !== keyId)
  if (passwordCredentials.length === application.passwordCredentials.length) {
    throw badRequest(`No password credential found with keyId '${keyId}'.`)
  }
  write(call, 'applications', { ...application, passwordCredentials })
  return NO_CONTENT
}

/** The secrets that an application is created with, and what its creator is shown of them. */
export function addedSecrets(
  call: GraphCall,
  asked: unknown,
): { credentials: PasswordCredential[]; shown: JsonObject[] } {
  if (asked === undefined) return { credentials: [], shown: [] }
  if (!Array.isArray(asked) || asked.length > 10) throw notOfSchema('passwordCredentials')
  const schema = object({
    passwordCredentials: { kind: 'list', of: PASSWORD_SCHEMA, max: 10 },
  })
  const parsed = parse(schema, { passwordCredentials: asked }, 'Application')
  const credentials = (parsed.passwordCredentials as JsonObject[]).map((one) =>
    makeSecret(call, one),
  )
  const shown = credentials.map((one) => ({ ...showPassword(one), secretText: one.secretText }))
  return { credentials, shown }
}

/**
 * The certificates that a body lists. One that is there already may come back without its bytes,
 * as Graph shows it.
 */
export function readKeys(
  listed: readonly JsonObject[],
  application: Application,
  now: number,
): KeyCredential[] {
  return listed.map((entry) => {
    const known = application.keyCredentials.find(({ keyId }) => keyId === entry.keyId)
    if (typeof entry.key !== 'string') {
      if (known) return known
      throw invalidProperty('keyCredentials', 'A new key credential needs its certificate (key).')
    }
    return toKey(entry, entry.key, now)
  })
}

function toKey(entry: JsonObject, key: string, now: number): KeyCredential {
  const certificate = parseCertificate(key)
  const validTo = new Date(certificate.validTo)
  const endDateTime = (entry.endDateTime as string | null | undefined) ?? validTo.toISOString()
  if (Date.parse(endDateTime) > validTo.getTime()) {
    throw invalidProperty('keyCredentials', 'The end date is later than the certificate’s own.')
  }
  if (Date.parse(endDateTime) <= now) {
    throw invalidProperty('keyCredentials', 'The certificate has expired.')
  }
  const validFrom = new Date(certificate.validFrom).toISOString()
  return {
    keyId: (entry.keyId as string | undefined) ?? crypto.randomUUID(),
    displayName: (entry.displayName as string | null | undefined) ?? certificate.subject,
    key: certificate.raw.toString('base64'),
    startDateTime: (entry.startDateTime as string | null | undefined) ?? validFrom,
    endDateTime,
  }
}

function parseCertificate(key: string): X509Certificate {
  try {
    return new X509Certificate(Buffer.from(key, 'base64'))
  } catch {
    throw invalidProperty('keyCredentials', 'The key is not the base64 of a certificate (DER).')
  }
}

function makeSecret(call: GraphCall, asked: JsonObject): PasswordCredential {
  const now = call.sts.now()
  const start = Date.parse((asked.startDateTime as string) ?? new Date(now).toISOString())
  const twoYears = new Date(start)
  twoYears.setUTCFullYear(twoYears.getUTCFullYear() + 2)
  const end = Date.parse((asked.endDateTime as string) ?? twoYears.toISOString())
  if (end <= start) throw invalidProperty('passwordCredential.endDateTime')
  checkSecretPolicy(call.caller.tenant, end - start)
  return {
    keyId: crypto.randomUUID(),
    displayName: (asked.displayName as string | null | undefined) ?? '',
    secretText: newSecret(),
    startDateTime: new Date(start).toISOString(),
    endDateTime: new Date(end).toISOString(),
  }
}

/** What the tenant's app management policy says of client secrets. */
function checkSecretPolicy({ secretPolicy, id }: Tenant, lifetime: number): void {
  if (secretPolicy.isBlocked) {
    throw policyError(
      'CredentialTypeNotAllowedAsPerAppPolicy',
      `Credential type not allowed as per assigned policy '${id}'.`,
      'PasswordCredentials',
    )
  }
  if (secretPolicy.maxDays !== null && lifetime > secretPolicy.maxDays * DAY) {
    throw policyError(
      'CredentialInvalidLifetimeAsPerAppPolicy',
      `Credential lifetime exceeds the max value allowed as per assigned policy '${id}'.`,
      'EndDate',
    )
  }
}

function policyError(code: string, message: string, target: string): GraphError {
  return new GraphError(400, code, message, { details: [{ code, message, target }] })
}

/** In the shape of Entra's own: 40 characters, among them what trips up careless encoders. */
function newSecret(): string {
  const text = randomBytes(40).toString('base64').replace(/[+/=]/g, '~')
  return `${text.slice(0, 3)}8Q~${text.slice(6, 40)}`
}
