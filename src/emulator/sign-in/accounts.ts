import type { Call } from '../call.ts'
import type { DirectoryUser } from '../directory.ts'
import { findUser } from '../lookup.ts'
import type { AccountTile } from '../pages/account-page.ts'
import { accountIn, isPersonal } from '../people.ts'
import type { AuthorizationRequest } from './authorization-request.ts'
import type { Session } from './browser.ts'
import { findHinted } from './login-hint.ts'

const MAX_TILES = 20

/** Those signed in whom the request can mean. */
export function candidateSessions(call: Call, request: AuthorizationRequest): Session[] {
  const { directory } = call.sts
  const { authority, loginHint, domainHint } = request
  const hinted = loginHint === undefined ? undefined : findHinted(directory, loginHint)
  return call.browser.sessions.filter(({ userId }) => {
    const person = findUser(directory, userId)
    if (!person || (loginHint !== undefined && person !== hinted)) return false
    if (domainHint !== undefined && !isOfDomain(call, person, domainHint)) return false
    return authority.kind !== 'tenant' || accountIn(directory, person, authority.tenant)
  })
}

/** The accounts to choose from, those first that the request most likely means. */
export function accountTiles(call: Call, request: AuthorizationRequest): AccountTile[] {
  const { directory } = call.sts
  const { authority, loginHint, domainHint, prompt } = request
  const hinted = loginHint === undefined ? undefined : findHinted(directory, loginHint)
  const rank = (user: DirectoryUser) => {
    if (user === hinted) return 0
    if (domainHint !== undefined && isOfDomain(call, user, domainHint)) return 1
    if (authority.kind !== 'tenant' || user.tenantId === authority.tenant.id) return 2
    return accountIn(directory, user, authority.tenant) ? 3 : 4
  }
  const isSignedIn = (user: DirectoryUser) =>
    prompt !== 'login' && call.browser.sessions.some(({ userId }) => userId === user.id)
  return directory.users
    .filter(({ guestOf }) => guestOf === null)
    .toSorted((a, b) => rank(a) - rank(b))
    .slice(0, MAX_TILES)
    .map((user) => ({ user, isSignedIn: isSignedIn(user) }))
}

/** `domain_hint`: `organizations`, `consumers`, or a domain of a tenant. */
function isOfDomain(call: Call, person: DirectoryUser, hint: string): boolean {
  const name = hint.toLowerCase()
  if (name === 'consumers' || name === 'live.com') return isPersonal(person)
  if (name === 'organizations') return !isPersonal(person)
  const tenant = call.sts.directory.tenants.find(({ id }) => id === person.tenantId)
  return tenant?.domains.some((domain) => domain.toLowerCase() === name) === true
}
