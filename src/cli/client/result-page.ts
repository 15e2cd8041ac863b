import { html } from '../../http/html.ts'
import { errorMark, page, successMark } from '../../http/page.ts'

/** What the browser shows when a sign-in is over. */
export type Outcome =
  | { readonly kind: 'signed-in'; readonly server: string }
  | { readonly kind: 'denied' }
  | { readonly kind: 'failed'; readonly reason: string }

/** The page that the browser ends on. */
export function resultPage(outcome: Outcome): Response {
  if (outcome.kind === 'signed-in') return successPage(outcome.server)
  if (outcome.kind === 'denied') {
    return failurePage('Access was denied, and nothing was kept.', undefined, 200)
  }
  return failurePage('The sign-in could not be completed.', outcome.reason, 400)
}

/** For a visit that does not belong to the sign-in under way. */
export function foreignPage(reason: string): Response {
  return failurePage(reason, undefined, 400)
}

/** For any other address of the listener. */
export function notFoundPage(): Response {
  return failurePage('There is nothing at this address.', undefined, 404)
}

// Each answer ends its connection, so that the command need not wait for the browser's idle ones.
const CLOSE = { connection: 'close' }

function successPage(server: string): Response {
  const body = html`<main class="card centered">
${successMark}
<h1>Authentication successful</h1>
<p class="lead">Connected to <strong>${server}</strong></p>
<p>You can close this tab and go back to the terminal.</p>
</main>`
  return page({ title: 'Authentication successful', body, headers: CLOSE })
}

function failurePage(lead: string, reason: string | undefined, status: number): Response {
  const body = html`<main class="card centered">
${errorMark}
<h1>Authentication failed</h1>
<p class="lead">${lead}</p>
${reason !== undefined && html`<div class="callout neutral"><p>${reason}</p></div>`}
<p>You can close this tab; the terminal says more.</p>
</main>`
  return page({ title: 'Authentication failed', body, status, headers: CLOSE })
}
