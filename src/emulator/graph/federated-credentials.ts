import type { Application, FederatedIdentityCredential } from '../directory.ts'
import { requireMayManage } from './authorization.ts'
import { findApplication, readApplication, write } from './find.ts'
import {
  created,
  firstKey,
  type GraphCall,
  NO_CONTENT,
  type Reply,
  secondKey,
} from './graph-call.ts'
import { badRequest, conflict, invalidProperty, notFound } from './graph-error.ts'
import { contextOf, entity, list } from './query.ts'
import { type JsonObject, merge, object, parse, type Schema } from './schema.ts'

const MAX_CREDENTIALS = 20
const text: Schema = { kind: 'string', max: 600 }
const SCHEMA = object({
  issuer: text,
  subject: text,
  audiences: { kind: 'list', of: text, max: 1 },
  description: { kind: 'absent' },
})
const NEW_SCHEMA = object(
  {
    ...Object.fromEntries(SCHEMA.properties),
    name: { kind: 'string', max: 120 },
  },
  { required: ['name', 'issuer', 'subject', 'audiences'] },
)

/** GET /applications/{id}/federatedIdentityCredentials */
export function listCredentials(call: GraphCall): Reply {
  const { id, federatedIdentityCredentials } = readApplication(call, firstKey(call))
  return list(call, {
    context: contextName(id),
    type: 'federatedIdentityCredential',
    items: federatedIdentityCredentials.map(show),
    filterable: ['id', 'name', 'issuer', 'subject'],
  })
}

/** GET /applications/{id}/federatedIdentityCredentials/{id or name} */
export function getCredential(call: GraphCall): Reply {
  const application = readApplication(call, firstKey(call))
  const credential = find(call, application)
  return entity(call, contextName(application.id), 'federatedIdentityCredential', show(credential))
}

/** POST /applications/{id}/federatedIdentityCredentials */
export function postCredential(call: GraphCall): Reply {
  const application = findApplication(call, firstKey(call))
  requireMayManage(call, application)
  const asked = parse(NEW_SCHEMA, call.body, 'FederatedIdentityCredential')
  const credential = {
    id: crypto.randomUUID(),
    ...(asked as Omit<FederatedIdentityCredential, 'id'>),
  }
  const { federatedIdentityCredentials: others } = application
  if (others.some(({ name }) => name === credential.name)) {
    throw conflict(
      `FederatedIdentityCredential with name ${credential.name} already exists.`,
      'name',
    )
  }
  if (others.length >= MAX_CREDENTIALS) {
    throw badRequest(`An application can have ${MAX_CREDENTIALS} federated credentials at most.`)
  }
  check(credential, others)
  const federatedIdentityCredentials = [...others, credential]
  write(call, 'applications', { ...application, federatedIdentityCredentials })
  const context = `${contextOf(call, contextName(application.id))}/$entity`
  return created({ '@odata.context': context, ...show(credential) })
}

/** PATCH /applications/{id}/federatedIdentityCredentials/{id}: all but its name. */
export function patchCredential(call: GraphCall): Reply {
  const application = findApplication(call, firstKey(call))
  requireMayManage(call, application)
  const credential = find(call, application)
  const changed = merge(SCHEMA, credential, parse(SCHEMA, call.body, 'FederatedIdentityCredential'))
  const others = application.federatedIdentityCredentials.filter(({ id }) => id !== credential.id)
  check(changed, others)
  const federatedIdentityCredentials = application.federatedIdentityCredentials.map((one) =>
    one.id === credential.id ? changed : one,
  )
  write(call, 'applications', { ...application, federatedIdentityCredentials })
  return NO_CONTENT
}

/** DELETE /applications/{id}/federatedIdentityCredentials/{id} */
export function deleteCredential(call: GraphCall): Reply {
  const application = findApplication(call, firstKey(call))
  requireMayManage(call, application)
  const { id } = find(call, application)
  const federatedIdentityCredentials = application.federatedIdentityCredentials.filter(
    (one) => one.id !== id,
  )
  write(call, 'applications', { ...application, federatedIdentityCredentials })
  return NO_CONTENT
}

function check(
  credential: FederatedIdentityCredential,
  others: readonly FederatedIdentityCredential[],
): void {
  const { name, issuer, subject, audiences } = credential
  if (!/^[A-Za-z0-9][\w-]{2,119}$/.test(name)) {
    throw invalidProperty('name', 'It has 3 to 120 letters, digits, hyphens and underscores.')
  }
  if (!URL.canParse(issuer) || !issuer.startsWith('https://')) {
    throw invalidProperty('issuer', 'It is an https URL.')
  }
  if (subject.trim() === '') throw invalidProperty('subject')
  if (audiences.length !== 1 || audiences[0] === '') {
    throw invalidProperty('audiences', 'There is one.')
  }
  if (others.some((other) => other.issuer === issuer && other.subject === subject)) {
    throw conflict('FederatedIdentityCredential with the same issuer and subject already exists.')
  }
}

function find(call: GraphCall, application: Application): FederatedIdentityCredential {
  const { value } = secondKey(call)
  const credential = application.federatedIdentityCredentials.find(
    ({ id, name }) => id === value.toLowerCase() || name === value,
  )
  if (!credential) throw notFound(value)
  return credential
}

function contextName(applicationId: string): string {
  return `applications('${applicationId}')/federatedIdentityCredentials`
}

function show(credential: FederatedIdentityCredential): JsonObject {
  return { description: null, ...credential }
}
