import { createServicePrincipal } from './create-directory.ts'
import type { Application, Directory, DirectoryUser } from './directory.ts'
import { findServicePrincipal } from './lookup.ts'
import type { Sts } from './sts.ts'
import { appTokenClaims } from './tokens/app-claims.ts'
import { accessTokenClaims } from './tokens/claims.ts'
import { signAccessToken } from './tokens/sign.ts'

/** An access token that nobody signs in for: for tests of what takes tokens. */
export type TokenRequest = {
  /**
   * Whose token, by object id or user principal name; `null` for one of the client's own.
   * @default the first account
   */
  user?: string | null
  /** The client that it is given to, by client id or name. @default the first application */
  client?: string
  /** The API that it is for, by client id, identifier URI or name. @default the first application */
  resource?: string
  /** Values of scopes of the API. @default all that are enabled */
  scopes?: readonly string[]
  /** Values of app roles, in place of those that are assigned. */
  roles?: readonly string[]
  /** Seconds; a negative number makes one that has expired. @default 3600 */
  expiresIn?: number
  /** Claims in place of the usual ones, whatever they are; `null` leaves one out. */
  claims?: Readonly<Record<string, unknown>>
}

/**
 * Signs an access token as the directory would have it, without asking whether the person could
 * have had it: no consent, no assignment, no policy.
 */
export async function issueToken(sts: Sts, request: TokenRequest = {}): Promise<string> {
  checkTokenRequest(request)
  const { directory } = sts
  const { expiresIn = 3600, roles } = request
  const resource = findApplication(directory, 'resource', request.resource)
  const client = findApplication(directory, 'client', request.client)
  const scopes = scopesOf(resource, request.scopes)
  const times = { now: Math.floor(sts.now() / 1000), expiresIn }
  const parties = { client, resource, ...times }
  const usual =
    request.user === null
      ? ownClaims(sts, parties)
      : personClaims(sts, { ...parties, scopes, user: findPerson(directory, request.user) })
  const changed = { ...usual, ...(roles && { roles: [...roles] }), ...request.claims }
  const claims = Object.fromEntries(Object.entries(changed).filter(([, value]) => value !== null))
  const [key] = await sts.signingKeys()
  if (!key) throw new Error('There is no signing key.')
  return signAccessToken(key, resource, claims)
}

const YEAR = 366 * 24 * 60 * 60
const isText = (value: unknown) => typeof value === 'string'
const isList = (value: unknown) => Array.isArray(value) && value.every(isText)

const MEMBERS: ReadonlyMap<string, readonly [isRight: (value: unknown) => boolean, what: string]> =
  new Map([
    ['user', [(value) => value === null || isText(value), 'a text or null']],
    ['client', [isText, 'a text']],
    ['resource', [isText, 'a text']],
    ['scopes', [isList, 'a list of texts']],
    ['roles', [isList, 'a list of texts']],
    [
      'expiresIn',
      [
        (value) => Number.isInteger(value) && Math.abs(value as number) <= YEAR,
        'a whole number of seconds, a year at most either way',
      ],
    ],
    [
      'claims',
      [
        (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
        'an object',
      ],
    ],
  ])

/** It comes from a test without types, or from a program elsewhere. */
function checkTokenRequest(request: object): void {
  for (const [name, value] of Object.entries(request)) {
    const [isRight, what] = MEMBERS.get(name) ?? []
    if (!isRight) {
      throw new TypeError(`There is no ${name}. There are ${[...MEMBERS.keys()].join(', ')}.`)
    }
    if (value !== undefined && !isRight(value)) throw new TypeError(`${name} has to be ${what}.`)
  }
}

type Parties = {
  readonly client: Application
  readonly resource: Application
  readonly now: number
  readonly expiresIn: number
}

function personClaims(
  { directory, origin, cloud }: Sts,
  parties: Parties & { readonly user: DirectoryUser; readonly scopes: readonly string[] },
) {
  const { user, now } = parties
  const tenant = tenantOf(directory, user.tenantId)
  return accessTokenClaims({
    ...parties,
    directory,
    origin,
    cloud,
    tenant,
    oidc: ['openid', 'profile', 'email'],
    sid: crypto.randomUUID(),
    authTime: now,
    amr: ['pwd'],
    identifier: undefined,
    authentication: '1',
  })
}

function ownClaims({ directory, origin, cloud }: Sts, parties: Parties) {
  const { client, resource } = parties
  const tenant = tenantOf(directory, client.tenantId)
  const { appId, displayName } = client
  const principal =
    findServicePrincipal(directory, appId, tenant.id) ??
    createServicePrincipal({ appId, tenantId: tenant.id })
  const app = { appId, displayName, principal, authentication: '1' as const }
  return appTokenClaims({
    ...parties,
    app,
    tenant,
    resource,
    identifier: undefined,
    roles: [],
    origin,
    cloud,
  })
}

function tenantOf(directory: Directory, id: string) {
  const tenant = directory.tenants.find((one) => one.id === id)
  if (!tenant) throw new TypeError(`There is no tenant ${id} in the directory.`)
  return tenant
}

function findPerson(directory: Directory, user: string | undefined): DirectoryUser {
  const { users } = directory
  const name = user?.toLowerCase()
  const found =
    name === undefined
      ? users[0]
      : users.find(({ id, userPrincipalName }) =>
          [id, userPrincipalName.toLowerCase()].includes(name),
        )
  if (found) return found
  const names = users.slice(0, 10).map(({ userPrincipalName }) => userPrincipalName)
  throw new TypeError(`There is no user ${user ?? ''}. There are ${names.join(', ') || 'none'}.`)
}

function findApplication(
  { applications }: Directory,
  what: string,
  name: string | undefined,
): Application {
  const found =
    name === undefined
      ? applications[0]
      : applications.find(
          ({ appId, displayName, identifierUris }) =>
            appId === name.toLowerCase() || displayName === name || identifierUris.includes(name),
        )
  if (found) return found
  const names = applications.slice(0, 10).map(({ displayName }) => displayName)
  throw new TypeError(`There is no ${what} ${name ?? ''}. There are ${names.join(', ')}.`)
}

function scopesOf({ api, displayName }: Application, asked: readonly string[] | undefined) {
  const enabled = api.oauth2PermissionScopes.filter(({ isEnabled }) => isEnabled)
  const values = enabled.map(({ value }) => value)
  const unknown = asked?.find((scope) => !values.includes(scope))
  if (unknown === undefined) return asked ?? values
  const known = values.join(', ') || 'none'
  throw new TypeError(`${displayName} has no scope ${unknown}. There are ${known}.`)
}
