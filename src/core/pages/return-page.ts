import { html } from '../../http/html.ts'
import { page } from '../../http/page.ts'

/**
 * “Back to the application”: goes on to an address that a program on the person's computer opens,
 * by itself where the browser lets it, and by a button where it does not.
 */
export function returnPage(url: string, cookies: readonly string[] = []): Response {
  const scheme = url.slice(0, url.indexOf(':') + 1)
  const response = page({
    title: 'Back to the application',
    refresh: url,
    // The address has a code in it, and so has the one that this page is shown under.
    headers: { 'referrer-policy': 'no-referrer' },
    body: html`<main class="card centered">
<h1>Back to the application</h1>
<p class="lead">Your browser may ask whether to open the program that takes
<strong translate="no">${scheme}</strong> addresses. It is the one that you allowed, or denied.</p>
<div class="actions"><a class="button primary" href="${url}">Open the application</a></div>
<p class="fine-print">Nothing happens? Use the button. When the application is back in front, you
can close this page.</p>
</main>`,
  })
  for (const cookie of cookies) response.headers.append('set-cookie', cookie)
  return response
}
