import { html } from '../../http/html.ts'
import type { DirectoryUser } from '../directory.ts'
import { type Form, flowForm, type Page } from './layout.ts'

/** "Enter password", for an account that has one. */
export function passwordPage(form: Form, user: DirectoryUser, isWrong: boolean): Page {
  const title = 'Enter password'
  const fields = html`<input name="username" type="text" autocomplete="username" value="${user.userPrincipalName}" hidden>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password"
 maxlength="256" required autofocus${
   isWrong && html` aria-invalid="true" aria-describedby="problem"`
 }>
<div class="actions"><button class="primary">Sign in</button></div>`
  const body = html`<p class="identity">${user.userPrincipalName}</p>
<h1>${title}</h1>
${
  isWrong &&
  html`<p class="error" id="problem" role="alert">Your account or password is incorrect.
The password is the one in the emulator's directory.</p>`
}
${flowForm(form, 'login', fields)}`
  return { title, body }
}
