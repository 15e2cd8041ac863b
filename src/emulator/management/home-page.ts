import { type Html, html } from '../../http/html.ts'
import type {
  Application,
  ConditionalAccessPolicy,
  DirectoryUser,
  Group,
  OAuth2PermissionGrant,
} from '../directory.ts'
import { MICROSOFT_TENANT_ID } from '../microsoft-graph.ts'
import type { Page } from '../pages/layout.ts'
import { actionButton, badge, linkTo, nameOf, renderNotice, table, type View } from './view.ts'

const MAX_ROWS = 200

/** What is in the directory. No secret is on it. */
export function homePage(view: View): Page {
  const title = 'Directory'
  const { directory } = view
  const applications = directory.applications.filter((a) => a.tenantId !== MICROSOFT_TENANT_ID)
  const body = html`<h1>${title}</h1>
<p class="muted">Applications send people here to sign in, as they would to Entra ID.
${view.token === undefined && 'Nothing can be changed from where you look.'}</p>
${renderNotice(view)}
<h2>Tenants</h2>
${table(
  ['Name', 'Id', 'Domains'],
  first(directory.tenants).map(
    ({ id, displayName, domains }) => html`<tr><td>${linkTo('tenants', id, displayName)}</td>
<td><a href="/${id}/v2.0/.well-known/openid-configuration"><code>${id}</code></a></td>
<td>${domains.join(', ')}</td></tr>`,
  ),
)}
<h2>People</h2>
${table(['Name', 'User name', 'Roles'], first(directory.users).map(renderUser))}
<h2>Groups</h2>
${table(
  ['Name', 'Members'],
  first(directory.groups).map((group) => renderGroup(view, group)),
)}
<h2>Applications</h2>
${table(
  ['Name', 'Client id', 'Tenants'],
  first(applications).map((app) => renderApp(view, app)),
)}
<h2>Consents</h2>
${table(
  ['Application', 'May use', 'For', ''],
  first(directory.oauth2PermissionGrants).map((grant) => renderGrant(view, grant)),
)}
<h2>Conditional Access</h2>
${table(
  ['Policy', 'State', ''],
  first(directory.conditionalAccessPolicies).map((policy) => renderPolicy(view, policy)),
)}`
  return { title, body, width: 'full' }
}

/** A directory can hold thousands; a page shows its beginning. */
function first<T>(items: readonly T[]): readonly T[] {
  return items.slice(0, MAX_ROWS)
}

function renderUser(user: DirectoryUser): Html {
  const { id, displayName, userPrincipalName, directoryRoles } = user
  return html`<tr><td>${linkTo('users', id, displayName)}${!user.accountEnabled && badge('disabled')}${
    user.userType === 'Guest' && badge('guest')
  }</td><td>${userPrincipalName}</td><td>${directoryRoles.join(', ')}</td></tr>`
}

function renderGroup({ directory }: View, { displayName, members }: Group): Html {
  const names = members.slice(0, 20).map((id) => nameOf(directory, id))
  const others = members.length > 20 ? ` and ${members.length - 20} more` : ''
  return html`<tr><td>${displayName}</td><td>${names.join(', ')}${others}</td></tr>`
}

function renderApp({ directory }: View, { id, appId, displayName }: Application): Html {
  const principals = directory.servicePrincipals.filter((one) => one.appId === appId)
  const places = principals.map(({ tenantId, accountEnabled }) => {
    const tenant = directory.tenants.find((one) => one.id === tenantId)
    return html`${tenant?.displayName ?? tenantId}${!accountEnabled && badge('disabled')} `
  })
  return html`<tr><td>${linkTo('applications', id, displayName)}</td>
<td><code>${appId}</code></td><td>${places}</td></tr>`
}

/** A consent, with the button that takes it back. */
export function renderGrant(view: View, grant: OAuth2PermissionGrant): Html {
  const { directory } = view
  const client = nameOf(directory, grant.clientId)
  return html`<tr><td>${client}</td>
<td>${nameOf(directory, grant.resourceId)}: <code>${grant.scope}</code></td>
<td>${nameOf(directory, grant.principalId)}</td>
<td>${actionButton({ ...view, path: `/_directory/consents/${grant.id}` }, 'revoke', 'Revoke')}</td></tr>`
}

function renderPolicy(view: View, { id, displayName, state }: ConditionalAccessPolicy): Html {
  const [action, label] = state === 'enabled' ? ['disable', 'Disable'] : ['enable', 'Enable']
  const at = { ...view, path: `/_directory/policies/${id}` }
  return html`<tr><td>${displayName}</td><td>${state}</td>
<td>${actionButton(at, action, label)}</td></tr>`
}
