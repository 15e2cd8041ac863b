import { html } from '../../http/html.ts'
import type { Page } from './layout.ts'

/** Shown after a sign-out that leads nowhere else. */
export function signedOutPage(): Page {
  const title = 'You signed out of your account'
  const body = html`<h1>${title}</h1>
<p class="muted">It is a good idea to close all browser windows.</p>`
  return { title, body }
}
