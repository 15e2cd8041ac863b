import { html } from '../../http/html.ts'
import type { DirectoryUser } from '../directory.ts'
import { type Form, flowForm, type Page } from './layout.ts'

/** "Approve sign in request": the second factor, which is a button here. */
export function mfaPage(form: Form, user: DirectoryUser): Page {
  const title = 'Approve sign in request'
  const fields = html`<div class="actions">
<button name="decision" value="deny">Deny</button>
<button class="primary" name="decision" value="approve">Approve</button></div>`
  const body = html`<p class="identity">${user.userPrincipalName}</p>
<h1>${title}</h1>
<p>A Conditional Access policy asks for a second factor. At Entra ID you would open your
authenticator app now; here you approve on this page.</p>
${flowForm(form, 'mfa', fields)}`
  return { title, body }
}

/** "More information required": the person has no second factor yet (AADSTS50079). */
export function mfaRegistrationPage(form: Form, user: DirectoryUser): Page {
  const title = 'More information required'
  const fields = html`<div class="actions">
<button name="decision" value="deny">Cancel</button>
<button class="primary" name="decision" value="register">Next</button></div>`
  const body = html`<p class="identity">${user.userPrincipalName}</p>
<h1>${title}</h1>
<p>Your organisation needs more information to keep your account secure. Next registers a second
factor for this account.</p>
${flowForm(form, 'mfa', fields)}`
  return { title, body }
}
