import {
  deleteApplication,
  getApplication,
  listApplications,
  patchApplication,
  postApplication,
} from './applications.ts'
import {
  deleteAssignedTo,
  listAssignedTo,
  listAssignmentsOf,
  postAssignedTo,
} from './assignments.ts'
import * as allow from './authorization.ts'
import { addPassword, removePassword } from './credentials.ts'
import {
  deleteCredential,
  getCredential,
  listCredentials,
  patchCredential,
  postCredential,
} from './federated-credentials.ts'
import type { GraphCall, Key, Reply } from './graph-call.ts'
import { badRequest, GraphError } from './graph-error.ts'
import {
  checkMemberGroups,
  checkMyMemberGroups,
  getGroup,
  getMemberGroups,
  getMemberObjects,
  getMyMemberGroups,
  getMyMemberObjects,
  listGroups,
  listMemberOf,
  listMyMemberOf,
  listMyTransitiveMemberOf,
  listTransitiveMemberOf,
} from './groups.ts'
import { postInvitation } from './invitations.ts'
import { listOrganization } from './organization.ts'
import { addOwner, listOwners, removeOwner } from './owners.ts'
import { deleteGrant, getGrant, listGrants, patchGrant, postGrant } from './permission-grants.ts'
import {
  getAppManagementPolicy,
  getAuthorizationPolicy,
  getConsentRequestPolicy,
} from './policies.ts'
import {
  deleteServicePrincipal,
  getServicePrincipal,
  listGrantsOf,
  listServicePrincipals,
  patchServicePrincipal,
  postServicePrincipal,
} from './service-principals.ts'
import { getSignIn, listSignIns } from './sign-ins.ts'
import { getUserInfo } from './user-info.ts'
import { getMe, getUser, listUsers, revokeMySessions, revokeSessions } from './users.ts'

/** What a path does when asked for by a method. */
export type Operation = {
  /** One of these is needed in the token. */
  readonly needs: allow.Permissions
  readonly answer: (call: GraphCall) => Reply
}

type Operations = ReadonlyMap<string, Operation>

const { READ_APPLICATIONS, WRITE_APPLICATIONS, READ_ME, READ_SOMEBODY } = allow

const CREDENTIALS = 'v1.0/applications/{}/federatedIdentityCredentials'
const ASSIGNED = 'v1.0/servicePrincipals/{}/appRoleAssignedTo'

// `{}` is a key: /applications/{id}, or /applications(appId='…').
const ROUTES = toRoutes([
  ['GET', 'v1.0/organization', allow.READ_ORGANIZATION, listOrganization],
  ['GET', 'v1.0/applications', READ_APPLICATIONS, listApplications],
  ['POST', 'v1.0/applications', WRITE_APPLICATIONS, postApplication],
  ['GET', 'v1.0/applications/{}', READ_APPLICATIONS, getApplication],
  ['PATCH', 'v1.0/applications/{}', WRITE_APPLICATIONS, patchApplication],
  ['DELETE', 'v1.0/applications/{}', WRITE_APPLICATIONS, deleteApplication],
  ['POST', 'v1.0/applications/{}/addPassword', WRITE_APPLICATIONS, addPassword],
  ['POST', 'v1.0/applications/{}/removePassword', WRITE_APPLICATIONS, removePassword],
  ['GET', 'v1.0/applications/{}/owners', READ_APPLICATIONS, listOwners],
  ['POST', 'v1.0/applications/{}/owners/$ref', WRITE_APPLICATIONS, addOwner],
  ['DELETE', 'v1.0/applications/{}/owners/{}/$ref', WRITE_APPLICATIONS, removeOwner],
  ['GET', CREDENTIALS, READ_APPLICATIONS, listCredentials],
  ['POST', CREDENTIALS, WRITE_APPLICATIONS, postCredential],
  ['GET', `${CREDENTIALS}/{}`, READ_APPLICATIONS, getCredential],
  ['PATCH', `${CREDENTIALS}/{}`, WRITE_APPLICATIONS, patchCredential],
  ['DELETE', `${CREDENTIALS}/{}`, WRITE_APPLICATIONS, deleteCredential],
  ['GET', 'v1.0/servicePrincipals', READ_APPLICATIONS, listServicePrincipals],
  ['POST', 'v1.0/servicePrincipals', WRITE_APPLICATIONS, postServicePrincipal],
  ['GET', 'v1.0/servicePrincipals/{}', READ_APPLICATIONS, getServicePrincipal],
  ['PATCH', 'v1.0/servicePrincipals/{}', WRITE_APPLICATIONS, patchServicePrincipal],
  ['DELETE', 'v1.0/servicePrincipals/{}', WRITE_APPLICATIONS, deleteServicePrincipal],
  ['GET', 'v1.0/servicePrincipals/{}/oauth2PermissionGrants', READ_APPLICATIONS, listGrantsOf],
  [
    'GET',
    'v1.0/servicePrincipals/{}/appRoleAssignments',
    allow.READ_ASSIGNMENTS,
    listAssignmentsOf,
  ],
  ['GET', ASSIGNED, allow.READ_ASSIGNMENTS, listAssignedTo],
  ['POST', ASSIGNED, allow.WRITE_ASSIGNMENTS, postAssignedTo],
  ['DELETE', `${ASSIGNED}/{}`, allow.WRITE_ASSIGNMENTS, deleteAssignedTo],
  ['GET', 'v1.0/oauth2PermissionGrants', allow.READ_GRANTS, listGrants],
  ['POST', 'v1.0/oauth2PermissionGrants', allow.WRITE_GRANTS, postGrant],
  ['GET', 'v1.0/oauth2PermissionGrants/{}', allow.READ_GRANTS, getGrant],
  ['PATCH', 'v1.0/oauth2PermissionGrants/{}', allow.WRITE_GRANTS, patchGrant],
  ['DELETE', 'v1.0/oauth2PermissionGrants/{}', allow.WRITE_GRANTS, deleteGrant],
  ['GET', 'v1.0/me', READ_ME, getMe],
  ['GET', 'v1.0/me/memberOf', READ_ME, listMyMemberOf],
  ['GET', 'v1.0/me/transitiveMemberOf', READ_ME, listMyTransitiveMemberOf],
  ['POST', 'v1.0/me/getMemberObjects', READ_ME, getMyMemberObjects],
  ['POST', 'v1.0/me/getMemberGroups', READ_ME, getMyMemberGroups],
  ['POST', 'v1.0/me/checkMemberGroups', READ_ME, checkMyMemberGroups],
  ['POST', 'v1.0/me/revokeSignInSessions', allow.WRITE_USERS, revokeMySessions],
  ['GET', 'v1.0/users', allow.READ_USERS, listUsers],
  ['GET', 'v1.0/users/{}', READ_SOMEBODY, getUser],
  ['GET', 'v1.0/users/{}/memberOf', READ_SOMEBODY, listMemberOf],
  ['GET', 'v1.0/users/{}/transitiveMemberOf', READ_SOMEBODY, listTransitiveMemberOf],
  ['POST', 'v1.0/users/{}/getMemberObjects', READ_SOMEBODY, getMemberObjects],
  ['POST', 'v1.0/users/{}/getMemberGroups', READ_SOMEBODY, getMemberGroups],
  ['POST', 'v1.0/users/{}/checkMemberGroups', READ_SOMEBODY, checkMemberGroups],
  ['POST', 'v1.0/users/{}/revokeSignInSessions', allow.WRITE_USERS, revokeSessions],
  ['GET', 'v1.0/groups', allow.READ_GROUPS, listGroups],
  ['GET', 'v1.0/groups/{}', allow.READ_GROUPS, getGroup],
  ['POST', 'v1.0/invitations', allow.INVITE, postInvitation],
  ['GET', 'v1.0/policies/authorizationPolicy', allow.READ_POLICIES, getAuthorizationPolicy],
  ['GET', 'v1.0/policies/adminConsentRequestPolicy', allow.READ_POLICIES, getConsentRequestPolicy],
  ['GET', 'v1.0/policies/defaultAppManagementPolicy', allow.READ_POLICIES, getAppManagementPolicy],
  ['GET', 'v1.0/auditLogs/signIns', allow.READ_SIGN_INS, listSignIns],
  ['GET', 'v1.0/auditLogs/signIns/{}', allow.READ_SIGN_INS, getSignIn],
  ['GET', 'oidc/userinfo', allow.SIGN_IN, getUserInfo],
  ['POST', 'oidc/userinfo', allow.SIGN_IN, getUserInfo],
])

type Row = readonly [string, string, allow.Permissions, Operation['answer']]

function toRoutes(rows: readonly Row[]): ReadonlyMap<string, Operations> {
  const routes = new Map<string, Map<string, Operation>>()
  for (const [method, template, needs, answer] of rows) {
    const operations = routes.get(template) ?? new Map<string, Operation>()
    routes.set(template, operations.set(method, { needs, answer }))
  }
  return routes
}

/** Every path with its methods, as the documents list them. */
export const GRAPH_PATHS: readonly (readonly [string, string])[] = [...ROUTES].map(
  ([template, operations]) => [`/${template}`, [...operations.keys()].join(', ')],
)

/** What a path stands for. */
export type GraphRoute = {
  readonly keys: readonly Key[]
  readonly operations: Operations
}

const KEYED = /^(\w+)\((?:(\w+)=)?'((?:[^']|'')*)'\)$/
const ALTERNATE_KEYS: ReadonlyMap<string, readonly string[]> = new Map([
  ['applications', ['id', 'appId', 'uniqueName']],
  ['servicePrincipals', ['id', 'appId']],
])

/** Finds what a path stands for. */
export function findGraphRoute(path: string): GraphRoute {
  const segments = path.split('/').map(decodeSegment)
  for (const template of ROUTES.keys()) {
    const keys = matchTemplate(template.split('/'), segments)
    if (keys) return { keys, operations: ROUTES.get(template) as Operations }
  }
  throw badSegment(segments.findLast((segment) => segment !== '') ?? '')
}

/** The operation of a route for a method. */
export function findOperation({ operations }: GraphRoute, method: string): Operation {
  const operation = operations.get(method)
  if (operation) return operation
  const message = 'Specified HTTP method is not allowed for the request target.'
  const headers = { allow: [...operations.keys()].join(', ') }
  throw new GraphError(405, 'Request_BadRequest', message, { headers })
}

function matchTemplate(
  template: readonly string[],
  segments: readonly string[],
): readonly Key[] | undefined {
  const keys: Key[] = []
  let position = 0
  for (const segment of segments) {
    const expected = template[position]
    const keyed = KEYED.exec(segment)
    if (expected === '{}') {
      if (segment === '') return undefined
      keys.push({ property: 'id', value: segment })
      position += 1
    } else if (keyed && keyed[1] === expected && template[position + 1] === '{}') {
      const [, collection = '', property = 'id', value = ''] = keyed
      if (!(ALTERNATE_KEYS.get(collection) ?? ['id']).includes(property)) return undefined
      keys.push({ property, value: value.replaceAll("''", "'") })
      position += 2
    } else if (segment === expected) {
      position += 1
    } else return undefined
  }
  return position === template.length ? keys : undefined
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    throw badRequest('The request URI is not valid: its percent-encoding is broken.')
  }
}

function badSegment(segment: string): GraphError {
  const message = `Resource not found for the segment '${segment.slice(0, 100)}'.`
  return new GraphError(400, 'BadRequest', message)
}
