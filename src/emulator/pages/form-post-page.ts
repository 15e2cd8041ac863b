import { html } from '../../http/html.ts'
import type { Page } from './layout.ts'

/**
 * `response_mode=form_post`: the answer goes to the client as a form. Entra submits it with a
 * script; pages here have none, so the person does.
 */
export function formPostPage(action: string, params: URLSearchParams): Page {
  const title = 'Continue to the application'
  const fields = [...params].map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
  )
  const body = html`<h1>${title}</h1>
<p>You have signed in. The application waits for the answer.</p>
<form method="post" action="${action}">${fields}
<div class="actions"><button class="primary" autofocus>Continue</button></div></form>`
  return { title, body }
}
