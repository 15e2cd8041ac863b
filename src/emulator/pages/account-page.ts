import { type Html, html } from '../../http/html.ts'
import type { DirectoryUser } from '../directory.ts'
import { type Form, flowForm, type Page } from './layout.ts'

/** One account to choose. */
export type AccountTile = { readonly user: DirectoryUser; readonly isSignedIn: boolean }

/** "Pick an account": choosing one signs in. */
export function accountPage(form: Form, clientName: string, accounts: AccountTile[]): Page {
  const title = 'Pick an account'
  const body = html`<h1>${title}</h1>
<p class="muted">to continue to ${clientName}</p>
${flowForm(form, 'login', html`<ul class="accounts">${accounts.map(renderTile)}${OTHER}</ul>`)}`
  return { title, body }
}

/** "Sign in": asks for the name of an account that was not on the list. */
export function usernamePage(form: Form, clientName: string, unknown: string | undefined): Page {
  const title = 'Sign in'
  const isUnknown = unknown !== undefined
  const fields = html`<label for="username">Email or user name</label>
<input id="username" name="username" type="text" value="${unknown}" autocomplete="username"
 autocapitalize="none" spellcheck="false" maxlength="320" required autofocus${
   isUnknown && html` aria-invalid="true" aria-describedby="problem"`
 }>
<div class="actions"><button class="primary">Next</button></div>`
  const body = html`<h1>${title}</h1>
<p class="muted">to continue to ${clientName}</p>
${
  isUnknown &&
  html`<p class="error" id="problem" role="alert">The emulator's directory has no account with this
user name. Check the name, or add the account to the directory.</p>`
}
${flowForm(form, 'login', fields)}`
  return { title, body }
}

function renderTile({ user, isSignedIn }: AccountTile): Html {
  return html`<li><button class="account" name="account" value="${user.id}">
<span class="avatar" aria-hidden="true">${initial(user.displayName)}</span>
<span class="who"><span class="name">${user.displayName}</span>
<span class="muted">${user.userPrincipalName}</span>
${isSignedIn && html`<span class="muted small">Signed in</span>`}</span>
</button></li>`
}

const OTHER = html`<li><button class="account" name="account" value="other">
<span class="avatar plain" aria-hidden="true">+</span>
<span class="who"><span>Use another account</span></span>
</button></li>`

function initial(name: string): string {
  return [...name][0]?.toUpperCase() ?? '?'
}
