import { type Html, html } from '../../http/html.ts'
import type { Application, DirectoryUser } from '../directory.ts'
import { type Form, flowForm, type Page } from './layout.ts'

const RETURN = html`<button name="decision" value="return" formnovalidate>Return to the application without granting consent</button>`

/** "Need admin approval": people may not consent to this themselves (AADSTS90094). */
export function approvalPage(form: Form, client: Application, user: DirectoryUser): Page {
  const title = 'Need admin approval'
  const text = html`<p>${client.displayName} needs permission to access resources in your
organisation that only an administrator can grant. Ask an administrator to grant permission to this
app before you can use it.</p>
<p class="muted small">AADSTS90094</p>`
  return frame(title, client, user, text, flowForm(form, 'consent', actions(RETURN)))
}

/** "Approval required": an administrator can be asked from here (AADSTS90095). */
export function approvalRequestPage(form: Form, client: Application, user: DirectoryUser): Page {
  const title = 'Approval required'
  const text = html`<p>This app requires your administrator’s approval.</p>
<p class="muted small">AADSTS90095</p>`
  const fields = html`<label for="justification">Enter justification for requesting this app</label>
<input id="justification" name="justification" type="text" maxlength="256" required>
${actions(html`${RETURN}
<button class="primary" name="decision" value="request">Request approval</button>`)}`
  return frame(title, client, user, text, flowForm(form, 'consent', fields))
}

/** "Request sent": there is nothing more to do here. */
export function approvalRequestedPage(form: Form, client: Application, user: DirectoryUser): Page {
  const text = html`<p>Your administrators have been told. You can use the app once one of them
has approved it.</p>`
  return frame('Request sent', client, user, text, flowForm(form, 'consent', actions(RETURN)))
}

function actions(buttons: Html): Html {
  return html`<div class="actions">
${buttons}
</div>`
}

function frame(
  title: string,
  client: Application,
  user: DirectoryUser,
  text: Html,
  form: Html,
): Page {
  const body = html`<p class="identity">${user.userPrincipalName}</p>
<h1>${title}</h1>
<p><strong>${client.displayName}</strong></p>
${text}
${form}`
  return { title, body, isWide: true }
}
