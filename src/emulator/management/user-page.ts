import { html } from '../../http/html.ts'
import type { DirectoryUser } from '../directory.ts'
import type { Page } from '../pages/layout.ts'
import { renderGrant } from './home-page.ts'
import {
  actionButton,
  badge,
  HOME_LINK,
  linkTo,
  nameOf,
  renderNotice,
  table,
  type View,
} from './view.ts'

/** A person: whether they may sign in, what they are in, what they have consented to. */
export function userPage(view: View, user: DirectoryUser): Page {
  const { directory } = view
  const { id, displayName, userPrincipalName, accountEnabled } = user
  const tenant = directory.tenants.find((one) => one.id === user.tenantId)
  const groups = directory.groups.filter(({ members }) => members.includes(id))
  const grants = directory.oauth2PermissionGrants.filter(({ principalId }) => principalId === id)
  const [action, label] = accountEnabled
    ? ['disable', 'Disable the account']
    : ['enable', 'Enable the account']
  const body = html`${HOME_LINK}
<h1>${displayName}${!accountEnabled && badge('disabled')}</h1>
${renderNotice(view)}
<dl>
<dt>User name</dt><dd>${userPrincipalName}</dd>
<dt>Object id</dt><dd><code>${id}</code></dd>
<dt>Tenant</dt><dd>${tenant ? linkTo('tenants', tenant.id, tenant.displayName) : user.tenantId}</dd>
<dt>Type</dt><dd>${user.userType}${user.guestOf !== null && html`, of ${linkTo('users', user.guestOf, nameOf(directory, user.guestOf))}`}</dd>
<dt>Mail</dt><dd>${user.mail ?? 'none'}</dd>
<dt>Password</dt><dd>${user.password === null ? 'none: choosing the account signs in' : 'set'}</dd>
<dt>Entra roles</dt><dd>${user.directoryRoles.join(', ') || 'none'}</dd>
<dt>Groups</dt><dd>${groups.map((group) => group.displayName).join(', ') || 'none'}</dd>
<dt>Sessions valid from</dt><dd>${new Date(user.sessionsValidFrom).toISOString()}</dd>
</dl>
<div class="row">${actionButton(view, action, label)}
${actionButton(view, 'revokeSessions', 'Revoke sessions')}</div>
<h2>Consents</h2>
${table(
  ['Application', 'May use', 'For', ''],
  grants.map((grant) => renderGrant(view, grant)),
)}`
  return { title: displayName, body, width: 'full' }
}
