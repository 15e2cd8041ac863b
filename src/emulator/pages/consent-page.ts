import { type Html, html } from '../../http/html.ts'
import type { Application, DirectoryUser, Tenant } from '../directory.ts'
import { type Form, flowForm, type Page } from './layout.ts'

/** One permission, as the page explains it. */
export type ConsentItem = {
  readonly value: string
  readonly name: string
  readonly description: string
}

export type ConsentPageOptions = {
  readonly client: Application
  readonly user: DirectoryUser
  readonly tenant: Tenant
  /** What the application would be allowed. */
  readonly items: readonly ConsentItem[]
  /** Whether the person may decide for the whole organisation, too. */
  readonly canConsentForAll?: boolean
  /** Whether it is for the whole organisation in any case. */
  readonly isForAll?: boolean
}

/** "Permissions requested": Entra's own consent. */
export function consentPage(form: Form, options: ConsentPageOptions): Page {
  const { client, user, tenant, items, canConsentForAll = false, isForAll = false } = options
  const title = 'Permissions requested'
  const body = html`<p class="identity">${user.userPrincipalName}</p>
<h1>${title}</h1>
${isForAll && html`<p class="muted">Review for your organisation</p>`}
<p><strong>${client.displayName}</strong> <span class="muted">(unverified)</span></p>
<p class="muted small">This application is not published by ${tenant.displayName}.</p>
<h2>This app would like to:</h2>
${items.map(renderItem)}
${isForAll && FOR_ALL}
<p class="muted small">Accept only if you trust ${client.displayName}. It gets these
permissions until they are taken back.</p>
${flowForm(
  form,
  'consent',
  html`${canConsentForAll && CHOICE}
<div class="actions">
<button name="decision" value="cancel">Cancel</button>
<button class="primary" name="decision" value="accept">Accept</button></div>`,
)}`
  return { title, body, isWide: true }
}

const FOR_ALL = html`<p class="small">If you accept, this app will get access to the specified
resources for all users in your organisation. No one else will be prompted to review these
permissions.</p>`

const CHOICE = html`<label class="choice"><input type="checkbox" name="for_all" value="1">
Consent on behalf of your organisation</label>`

function renderItem({ value, name, description }: ConsentItem): Html {
  return html`<details><summary>${name}</summary>
<p class="small">${description} <code>${value}</code></p></details>`
}
