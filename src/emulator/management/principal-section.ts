import { type Html, html } from '../../http/html.ts'
import type { Application, ServicePrincipal } from '../directory.ts'
import { actionButton, actionForm, badge, nameOf, table, type View } from './view.ts'

const DEFAULT_ACCESS = '00000000-0000-0000-0000-000000000000'
const MAX_OPTIONS = 200

/** The application as it stands in one tenant: whether it may be used, and by whom. */
export function principalSection(view: View, app: Application, principal: ServicePrincipal): Html {
  const { directory } = view
  const { id, tenantId, accountEnabled, appRoleAssignmentRequired } = principal
  const tenant = directory.tenants.find((one) => one.id === tenantId)
  const which = { principal: id }
  const [switchIt, switchLabel] = accountEnabled
    ? ['disablePrincipal', 'Disable here']
    : ['enablePrincipal', 'Enable here']
  const [require, requireLabel] = appRoleAssignmentRequired
    ? ['openToAll', 'Let everybody in']
    : ['requireAssignment', 'Require assignment']
  return html`<h2>In ${tenant?.displayName ?? tenantId}${!accountEnabled && badge('disabled')}</h2>
<p>${
    appRoleAssignmentRequired
      ? 'Only people and groups who are assigned may sign in (else AADSTS50105).'
      : 'Everybody in the tenant may sign in.'
  } <span class="muted small">Service principal <code>${id}</code></span></p>
<div class="row">${actionButton(view, switchIt, switchLabel, which)}
${actionButton(view, require, requireLabel, which)}</div>
${table(
  ['Assigned', 'Role', ''],
  principal.appRoleAssignedTo.map(
    ({ principalId, appRoleId }, index) => html`<tr><td>${nameOf(directory, principalId)}</td>
<td>${roleName(app, appRoleId)}</td>
<td>${actionButton(view, 'unassign', 'Remove', { ...which, index: String(index), principalId })}</td></tr>`,
  ),
)}
${actionForm(view, 'assign', assignFields(view, app, principal))}`
}

function roleName(app: Application, id: string): string {
  if (id === DEFAULT_ACCESS) return 'Default access'
  return app.appRoles.find((role) => role.id === id)?.value ?? id
}

function assignFields({ directory }: View, app: Application, { id, tenantId }: ServicePrincipal) {
  const isHere = (one: { tenantId: string }) => one.tenantId === tenantId
  const people = directory.users.filter(isHere).slice(0, MAX_OPTIONS)
  const groups = directory.groups.filter(isHere).slice(0, MAX_OPTIONS)
  const option = (value: string, label: string) => html`<option value="${value}">${label}</option>`
  return html`<input type="hidden" name="principal" value="${id}">
<div class="row"><label class="inline" for="who-${id}">Assign</label>
<select id="who-${id}" name="principalId" required>${people.map((user) => option(user.id, user.displayName))}${groups.map(
    (group) => option(group.id, `${group.displayName} (group)`),
  )}</select>
<label class="inline" for="role-${id}">as</label>
<select id="role-${id}" name="appRoleId">${option(DEFAULT_ACCESS, 'Default access')}${app.appRoles.map(
    (role) => option(role.id, role.value),
  )}</select><button>Add</button></div>`
}
