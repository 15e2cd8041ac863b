import {
  deleteApplication,
  getApplication,
  listApplications,
  patchApplication,
  postApplication,
} from './applications.ts'
import {
  type Permissions,
  READ_APPLICATIONS,
  READ_GRANTS,
  READ_ORGANIZATION,
  WRITE_APPLICATIONS,
  WRITE_GRANTS,
} from './authorization.ts'
import { addPassword, removePassword } from './credentials.ts'
import type { GraphCall, Key, Reply } from './graph-call.ts'
import { badRequest, GraphError } from './graph-error.ts'
import { listOrganization } from './organization.ts'
import { deleteGrant, getGrant, listGrants, patchGrant, postGrant } from './permission-grants.ts'
import {
  deleteServicePrincipal,
  getServicePrincipal,
  listGrantsOf,
  listServicePrincipals,
  patchServicePrincipal,
  postServicePrincipal,
} from './service-principals.ts'

/** What a path does when asked for by a method. */
export type Operation = {
  /** One of these is needed in the token. */
  readonly needs: Permissions
  readonly answer: (call: GraphCall) => Reply | Promise<Reply>
}

type Operations = ReadonlyMap<string, Operation>

function operations(
  ...entries: readonly (readonly [string, Permissions, Operation['answer']])[]
): Operations {
  return new Map(entries.map(([method, needs, answer]) => [method, { needs, answer }]))
}

// `{}` is a key: /applications/{id}, or /applications(appId='…').
const ROUTES: ReadonlyMap<string, Operations> = new Map([
  ['organization', operations(['GET', READ_ORGANIZATION, listOrganization])],
  [
    'applications',
    operations(
      ['GET', READ_APPLICATIONS, listApplications],
      ['POST', WRITE_APPLICATIONS, postApplication],
    ),
  ],
  [
    'applications/{}',
    operations(
      ['GET', READ_APPLICATIONS, getApplication],
      ['PATCH', WRITE_APPLICATIONS, patchApplication],
      ['DELETE', WRITE_APPLICATIONS, deleteApplication],
    ),
  ],
  ['applications/{}/addPassword', operations(['POST', WRITE_APPLICATIONS, addPassword])],
  ['applications/{}/removePassword', operations(['POST', WRITE_APPLICATIONS, removePassword])],
  [
    'servicePrincipals',
    operations(
      ['GET', READ_APPLICATIONS, listServicePrincipals],
      ['POST', WRITE_APPLICATIONS, postServicePrincipal],
    ),
  ],
  [
    'servicePrincipals/{}',
    operations(
      ['GET', READ_APPLICATIONS, getServicePrincipal],
      ['PATCH', WRITE_APPLICATIONS, patchServicePrincipal],
      ['DELETE', WRITE_APPLICATIONS, deleteServicePrincipal],
    ),
  ],
  [
    'servicePrincipals/{}/oauth2PermissionGrants',
    operations(['GET', READ_APPLICATIONS, listGrantsOf]),
  ],
  [
    'oauth2PermissionGrants',
    operations(['GET', READ_GRANTS, listGrants], ['POST', WRITE_GRANTS, postGrant]),
  ],
  [
    'oauth2PermissionGrants/{}',
    operations(
      ['GET', READ_GRANTS, getGrant],
      ['PATCH', WRITE_GRANTS, patchGrant],
      ['DELETE', WRITE_GRANTS, deleteGrant],
    ),
  ],
])

/** What a path below /v1.0/ stands for. */
export type GraphRoute = {
  /** The path with blanks for keys. */
  readonly template: string
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
    if (keys) return { template, keys, operations: ROUTES.get(template) as Operations }
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
