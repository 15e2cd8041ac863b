import { html } from '../../http/html.ts'
import type { AadstsError, Trace } from '../aadsts-error.ts'
import { type Behaviour, DEFAULT_BEHAVIOUR } from '../behaviour.ts'
import type { Page } from './layout.ts'

/** Entra's own error page: the client never hears of it. */
export function errorPage(
  error: AadstsError,
  trace: Trace,
  { errorPageStatus }: Pick<Behaviour, 'errorPageStatus'> = DEFAULT_BEHAVIOUR,
): Page {
  const title = 'Sign in'
  const body = html`<h1>${title}</h1>
<p role="alert">Sorry, but we’re having trouble signing you in.</p>
<p class="error">${error.message}</p>
<h2>Troubleshooting details</h2>
<dl>
<dt>Request Id</dt><dd><code>${trace.traceId}</code></dd>
<dt>Correlation Id</dt><dd><code>${trace.correlationId}</code></dd>
<dt>Timestamp</dt><dd><code>${trace.timestamp}</code></dd>
<dt>Message</dt><dd><code>AADSTS${error.code}</code></dd>
</dl>`
  return { title, body, isWide: true, status: error.code === 50000 ? 500 : errorPageStatus }
}

/** The look-up page behind an `error_uri`. */
export function explanationPage(code: number, text: string | undefined): Page {
  const title = `AADSTS${code}`
  const body = html`<h1>${title}</h1>
<p>${text ?? 'The emulator does not know an error with this number.'}</p>`
  return { title, body, isWide: true, status: text === undefined ? 404 : 200 }
}
