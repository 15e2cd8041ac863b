import { html } from '../../http/html.ts'
import { type Form, flowForm, type Page } from './layout.ts'

/** "Create account": people of External ID tenants register themselves (`prompt=create`). */
export function signUpPage(form: Form, clientName: string, taken: string | undefined): Page {
  const title = 'Create account'
  const isTaken = taken !== undefined
  const fields = html`<label for="new_username">Email address</label>
<input id="new_username" name="new_username" type="email" value="${taken}" autocomplete="email"
 maxlength="320" required autofocus${
   isTaken && html` aria-invalid="true" aria-describedby="problem"`
 }>
<label for="new_name">Display name</label>
<input id="new_name" name="new_name" type="text" autocomplete="name" maxlength="256" required>
<div class="actions"><button class="primary">Create</button></div>`
  const body = html`<h1>${title}</h1>
<p class="muted">to continue to ${clientName}</p>
${
  isTaken &&
  html`<p class="error" id="problem" role="alert">There cannot be an account with this address:
there is one already, it is no address, or the directory is full.</p>`
}
${flowForm(form, 'login', fields)}`
  return { title, body }
}
