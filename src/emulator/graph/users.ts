import type { DirectoryUser } from '../directory.ts'
import { READ_USERS, requirePermission, requireRole, USER_ADMINISTRATORS } from './authorization.ts'
import { current, write } from './find.ts'
import { firstKey, type GraphCall, ok, type Reply } from './graph-call.ts'
import { denied, notFound } from './graph-error.ts'
import { contextOf, entity, list } from './query.ts'
import type { JsonObject } from './schema.ts'

/** What Graph shows of people unless told otherwise. */
const SHOWN = [
  'businessPhones',
  'displayName',
  'givenName',
  'jobTitle',
  'mail',
  'mobilePhone',
  'officeLocation',
  'preferredLanguage',
  'surname',
  'userPrincipalName',
  'id',
]

/** GET /users */
export function listUsers(call: GraphCall): Reply {
  requireMember(call)
  const users = call.seen.users.filter(({ tenantId }) => tenantId === call.caller.tenant.id)
  return list(call, {
    context: 'users',
    type: 'user',
    items: users.map(showUser),
    shown: SHOWN,
    filterable: ['id', 'accountEnabled', 'displayName', 'mail', 'userPrincipalName', 'userType'],
  })
}

/** GET /users/{id or user principal name} */
export function getUser(call: GraphCall): Reply {
  return entity(call, 'users', 'user', showUser(findUser(call)), SHOWN)
}

/** GET /me */
export function getMe(call: GraphCall): Reply {
  return entity(call, 'users', 'user', showUser(me(call)), SHOWN)
}

/** POST /users/{id}/revokeSignInSessions: what was granted before ends, codes and cookies too. */
export function revokeSessions(call: GraphCall): Reply {
  const user = findUser(call)
  if (user.id !== call.caller.user?.id) requireRole(call, USER_ADMINISTRATORS)
  return revoke(call, user)
}

/** POST /me/revokeSignInSessions */
export function revokeMySessions(call: GraphCall): Reply {
  return revoke(call, me(call))
}

function revoke(call: GraphCall, { id }: DirectoryUser): Reply {
  const user = current(call, 'users', id)
  if (!user) throw notFound(id)
  write(call, 'users', { ...user, sessionsValidFrom: call.sts.now() })
  return ok({ '@odata.context': contextOf(call, 'Edm.Boolean'), value: true })
}

/** The person that a path names; one who is not the caller's own takes more of a token. */
export function findUser(call: GraphCall): DirectoryUser {
  const { value } = firstKey(call)
  const name = value.toLowerCase()
  const { user: own, tenant } = call.caller
  const user = call.seen.users.find(
    ({ id, userPrincipalName, tenantId }) =>
      tenantId === tenant.id && (id === name || userPrincipalName.toLowerCase() === name),
  )
  if (!user || user.id !== own?.id) {
    requirePermission(call, READ_USERS)
    requireMember(call)
  }
  if (!user) throw notFound(value)
  return user
}

/** The person whom the token stands for. */
export function me({ caller, seen }: GraphCall): DirectoryUser {
  const id = caller.user?.id ?? caller.servicePrincipalId
  const user = seen.users.find((one) => one.id === id)
  if (!user) throw notFound(id)
  return user
}

/** Guests see themselves, and nobody else. */
export function requireMember({ caller }: GraphCall): void {
  if (caller.user?.userType === 'Guest' && caller.user.directoryRoles.length === 0) throw denied()
}

function showUser(user: DirectoryUser): JsonObject {
  const { id, displayName, givenName, surname, mail, userPrincipalName } = user
  const { accountEnabled, userType, sessionsValidFrom } = user
  return {
    businessPhones: [],
    displayName,
    givenName,
    jobTitle: null,
    mail,
    mobilePhone: null,
    officeLocation: null,
    preferredLanguage: null,
    surname,
    userPrincipalName,
    id,
    accountEnabled,
    signInSessionsValidFromDateTime: new Date(sessionsValidFrom).toISOString(),
    userType,
  }
}
