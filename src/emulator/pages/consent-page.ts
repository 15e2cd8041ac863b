import { type Html, html } from '../../http/html.ts'
import type { Application, DirectoryUser, PermissionScope, Tenant } from '../directory.ts'
import { type Form, flowForm, type Page } from './layout.ts'

export type ConsentPageOptions = {
  readonly client: Application
  readonly user: DirectoryUser
  readonly tenant: Tenant
  /** What the application would be allowed. */
  readonly items: readonly PermissionScope[]
}

/** "Permissions requested": Entra's own consent. */
export function consentPage(form: Form, options: ConsentPageOptions): Page {
  const { client, user, tenant, items } = options
  const title = 'Permissions requested'
  const body = html`<p class="identity">${user.userPrincipalName}</p>
<h1>${title}</h1>
<p><strong>${client.displayName}</strong> <span class="muted">(unverified)</span></p>
<p class="muted small">This application is not published by ${tenant.displayName}.</p>
<h2>This app would like to:</h2>
${items.map(renderItem)}
<p class="muted small">Accept only if you trust ${client.displayName}. It gets these
permissions until they are taken back.</p>
${flowForm(
  form,
  'consent',
  html`<div class="actions">
<button name="decision" value="cancel">Cancel</button>
<button class="primary" name="decision" value="accept">Accept</button></div>`,
)}`
  return { title, body, isWide: true }
}

/** "Need admin approval": people may not consent to this themselves (AADSTS90094). */
export function approvalPage(form: Form, client: Application, user: DirectoryUser): Page {
  const title = 'Need admin approval'
  const body = html`<p class="identity">${user.userPrincipalName}</p>
<h1>${title}</h1>
<p><strong>${client.displayName}</strong></p>
<p>${client.displayName} needs permission to access resources in your organisation that only an
administrator can grant. Ask an administrator to grant permission to this app before you can
use it.</p>
<p class="muted small">AADSTS90094</p>
${flowForm(
  form,
  'consent',
  html`<div class="actions">
<button name="decision" value="return">Return to the application without granting consent</button>
</div>`,
)}`
  return { title, body, isWide: true }
}

function renderItem({
  value,
  userConsentDisplayName,
  userConsentDescription,
}: PermissionScope): Html {
  return html`<details><summary>${userConsentDisplayName}</summary>
<p class="small">${userConsentDescription} <code>${value}</code></p></details>`
}
