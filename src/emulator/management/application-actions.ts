import { randomBytes } from 'node:crypto'
import { createPermissionScope } from '../create-directory.ts'
import type { Application, PasswordCredential, ServicePrincipal } from '../directory.ts'
import type { Sts } from '../sts.ts'
import { type Action, type Actions, ManagementError } from './actions.ts'

const MAX_URIS = 256
const MAX_URI = 2048
const DAY = 24 * 60 * 60 * 1000
const PLATFORMS = ['web', 'spa', 'publicClient'] as const

/** What can be done with an application and its service principals. */
export const APPLICATION_ACTIONS: Actions<Application> = new Map<string, Action<Application>>([
  ['redirectUris', setRedirectUris],
  ['tokenVersion', setTokenVersion],
  ['addScope', addScope],
  ['disableScope', (app, form) => setScope(app, form, false)],
  ['enableScope', (app, form) => setScope(app, form, true)],
  ['addSecret', addSecret],
  ['expireSecret', expireSecret],
  ['removeSecret', removeSecret],
  ['disablePrincipal', onPrincipal((one) => set(one, { accountEnabled: false }))],
  ['enablePrincipal', onPrincipal((one) => set(one, { accountEnabled: true }))],
  ['requireAssignment', onPrincipal((one) => set(one, { appRoleAssignmentRequired: true }))],
  ['openToAll', onPrincipal((one) => set(one, { appRoleAssignmentRequired: false }))],
  ['assign', onPrincipal(assign)],
  ['unassign', onPrincipal(unassign)],
])

function setRedirectUris(app: Application, form: URLSearchParams): string {
  const lists = PLATFORMS.map((platform) => [platform, readUris(form.get(platform) ?? '')] as const)
  for (const [platform, redirectUris] of lists) app[platform].redirectUris = redirectUris
  return 'The redirect URIs are saved.'
}

function readUris(text: string): string[] {
  const uris = [...new Set(text.split(/\s+/).filter(Boolean))]
  if (uris.length > MAX_URIS) throw new ManagementError(`No more than ${MAX_URIS} addresses fit.`)
  for (const uri of uris) {
    const url = URL.parse(uri)
    if (!url || uri.length > MAX_URI || uri.includes('#') || uri.includes('*')) {
      const shown = uri.slice(0, 100)
      throw new ManagementError(`${shown} is no redirect URI: an absolute address without # and *.`)
    }
    const isLocal = url.hostname === 'localhost' || url.hostname === '127.0.0.1'
    if (url.protocol === 'http:' && !isLocal) {
      throw new ManagementError(`${uri} has to begin with https, as Entra asks but for localhost.`)
    }
  }
  return uris
}

const VERSIONS = new Map<string | null, Application['api']['requestedAccessTokenVersion']>([
  ['null', null],
  ['1', 1],
  ['2', 2],
])

function setTokenVersion({ api }: Application, form: URLSearchParams): string {
  const version = VERSIONS.get(form.get('version'))
  if (version === undefined) throw new ManagementError('The version has to be null, 1 or 2.')
  api.requestedAccessTokenVersion = version
  return 'The token version is saved: the next token has it.'
}

function addScope({ appId, api }: Application, form: URLSearchParams): string {
  const value = form.get('value')?.trim() ?? ''
  // RFC 6749 §3.3; Entra allows 120 characters.
  if (!/^[!#-[\]-~]{1,120}$/.test(value)) {
    throw new ManagementError('The scope has to be one word of up to 120 ASCII characters.')
  }
  if (api.oauth2PermissionScopes.some((scope) => scope.value === value)) {
    throw new ManagementError(`There is a scope ${value} already.`)
  }
  api.oauth2PermissionScopes.push(createPermissionScope(appId, { value }))
  return `The scope ${value} is exposed.`
}

function setScope({ api }: Application, form: URLSearchParams, isEnabled: boolean): string {
  const scope = api.oauth2PermissionScopes.find(({ id }) => id === form.get('scope'))
  if (!scope) throw new ManagementError('This scope is not there any more.')
  scope.isEnabled = isEnabled
  return `The scope ${scope.value} is ${isEnabled ? 'enabled' : 'disabled (AADSTS650053)'}.`
}

function addSecret(app: Application, form: URLSearchParams, sts: Sts) {
  const days = Number(form.get('days'))
  if (!Number.isInteger(days) || days < 1 || days > 730) {
    throw new ManagementError('A secret lasts from 1 to 730 days.')
  }
  const secretText = `entra-emulator~${randomBytes(24).toString('base64url')}`
  app.passwordCredentials.push({
    keyId: crypto.randomUUID(),
    displayName: form.get('name')?.trim().slice(0, 120) || 'emulator',
    secretText,
    startDateTime: new Date(sts.now()).toISOString(),
    endDateTime: new Date(sts.now() + days * DAY).toISOString(),
  })
  return { text: 'The new secret, which is shown only now:', secret: secretText }
}

function expireSecret(app: Application, form: URLSearchParams, sts: Sts): string {
  findSecret(app, form).endDateTime = new Date(sts.now() - 1000).toISOString()
  return 'The secret has expired (AADSTS7000222).'
}

function removeSecret(app: Application, form: URLSearchParams): string {
  const secret = findSecret(app, form)
  app.passwordCredentials = app.passwordCredentials.filter((one) => one !== secret)
  return 'The secret is removed (AADSTS7000215).'
}

function findSecret(app: Application, form: URLSearchParams): PasswordCredential {
  const secret = app.passwordCredentials.find(({ keyId }) => keyId === form.get('secret'))
  if (!secret) throw new ManagementError('This secret is not there any more.')
  return secret
}

/** An action on the service principal that the form names, which has to be the application's. */
function onPrincipal(act: Action<ServicePrincipal>): Action<Application> {
  return ({ appId }, form, sts) => {
    const principal = sts.directory.servicePrincipals.find(
      (one) => one.appId === appId && one.id === form.get('principal'),
    )
    if (!principal) throw new ManagementError('This service principal is not there any more.')
    const notice = act(principal, form, sts)
    sts.keep('servicePrincipals', principal)
    return notice
  }
}

function set(principal: ServicePrincipal, change: Partial<ServicePrincipal>): string {
  Object.assign(principal, change)
  return 'The service principal is changed.'
}

function assign(principal: ServicePrincipal, form: URLSearchParams, { directory }: Sts): string {
  const [principalId = '', appRoleId = ''] = [form.get('principalId'), form.get('appRoleId')].map(
    (value) => value ?? '',
  )
  const everybody = [...directory.users, ...directory.groups]
  const somebody = everybody.find(({ id }) => id === principalId)
  const roles = directory.applications.find(({ appId }) => appId === principal.appId)?.appRoles
  const isRole = /^[0-]+$/.test(appRoleId) || roles?.some(({ id }) => id === appRoleId)
  if (!somebody || !isRole) throw new ManagementError('Choose a person or group, and a role.')
  const isThere = principal.appRoleAssignedTo.some(
    (one) => one.principalId === principalId && one.appRoleId === appRoleId,
  )
  if (isThere) throw new ManagementError(`${somebody.displayName} has this role already.`)
  principal.appRoleAssignedTo.push({ principalId, appRoleId })
  return `${somebody.displayName} is assigned.`
}

function unassign(principal: ServicePrincipal, form: URLSearchParams): string {
  const index = Number(form.get('index'))
  const assignment = principal.appRoleAssignedTo[index]
  // Somebody else may have changed the list since the page was shown.
  if (assignment?.principalId !== form.get('principalId')) {
    throw new ManagementError('This assignment is not there any more.')
  }
  principal.appRoleAssignedTo.splice(index, 1)
  return 'The assignment is removed.'
}
