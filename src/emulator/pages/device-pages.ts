import { html } from '../../http/html.ts'
import type { Page } from './layout.ts'

/** "Enter code": the code that a device shows. */
export function deviceCodePage(isWrong: boolean): Page {
  const title = 'Enter code'
  const body = html`<h1>${title}</h1>
<p>Enter the code displayed on your app or device.</p>
${
  isWrong &&
  html`<p class="error" id="problem" role="alert">That code didn't work. Check the code and try again;
it may have expired.</p>`
}
<form method="post" action="/devicelogin">
<label for="otc">Code</label>
<input id="otc" name="otc" type="text" autocomplete="off" autocapitalize="characters"
 spellcheck="false" maxlength="20" required autofocus${
   isWrong && html` aria-invalid="true" aria-describedby="problem"`
 }>
<p class="muted small">Do not enter codes from sources you don't trust.</p>
<div class="actions"><button class="primary">Next</button></div>
</form>`
  return { title, body }
}

/** Names the application, for people are talked into entering codes of others. */
export function deviceConfirmPage(flow: string, clientName: string): Page {
  const title = `Are you trying to sign in to ${clientName}?`
  const body = html`<h1>${title}</h1>
<p>Only continue if you downloaded the app from a store or website that you trust.</p>
<form method="post" action="/devicelogin/signed-in">
<input type="hidden" name="flow" value="${flow}">
<div class="actions">
<button name="decision" value="cancel">Cancel</button>
<button class="primary" name="decision" value="continue">Continue</button></div>
</form>`
  return { title, body }
}

/** The browser's part is over. */
export function deviceSignedInPage(clientName: string): Page {
  const title = clientName
  const body = html`<h1>${title}</h1>
<p>You have signed in to the ${clientName} application on your device. You may now close this window.</p>`
  return { title, body }
}

/** The person said no, or could not sign in. */
export function deviceDeclinedPage(clientName: string): Page {
  const title = 'You did not sign in'
  const body = html`<h1>${title}</h1>
<p>${clientName} on your device has been told so. You may now close this window.</p>`
  return { title, body }
}
