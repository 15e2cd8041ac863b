import { type Html, html } from '../../http/html.ts'
import { STYLE, STYLE_HASH } from './style.ts'

/** A page for a person. */
export type Page = {
  readonly title: string
  readonly body: Html
  readonly isWide?: boolean
  /** `full` is for tables. */
  readonly width?: 'full'
  /** @default 200 */
  readonly status?: number
}

/** What a form of a sign-in carries. */
export type Form = {
  readonly segment: string
  readonly flow: string
  /** One for the whole sign-in: whoever is given it by an error page finds the rest in the log. */
  readonly correlationId: string
}

const HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  // No form-action: browsers hold it against the redirects behind a form, which leave for the client.
  'content-security-policy': `default-src 'none'; style-src ${STYLE_HASH}; base-uri 'none'; frame-ancestors 'none'`,
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store, no-cache',
  pragma: 'no-cache',
}

/** Answers with a page, and with headers that let it do nothing but be read and submitted. */
export function pageResponse(page: Page): Response {
  return new Response(renderPage(page), { status: page.status ?? 200, headers: HEADERS })
}

/** A form that goes on with the sign-in. */
export function flowForm(
  { segment, flow, correlationId }: Form,
  action: 'login' | 'mfa' | 'consent',
  fields: Html,
): Html {
  return html`<form method="post" action="/${encodeURIComponent(segment)}/${action}">
<input type="hidden" name="flow" value="${flow}">
<input type="hidden" name="client-request-id" value="${correlationId}">
${fields}
</form>`
}

function renderPage({ title, body, isWide, width }: Page): string {
  const name = width ?? (isWide && 'wide')
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} – Entra ID emulator</title>
<style>${{ markup: STYLE }}</style>
</head>
<body>
<main${name && html` class="${name}"`}>
<p class="brand">${EMBLEM} Entra ID emulator <span class="tag">For tests</span></p>
${body}
</main>
<footer>An emulator for development and tests, not Microsoft. Its accounts are made up.</footer>
</body>
</html>
`.markup
}

const EMBLEM = html`<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 1 2 5v7c0 5.5 4.2 9.6 10 11 5.8-1.4 10-5.5 10-11V5L12 1Zm0 5a3 3 0 0 1 1.5 5.6V17h-3v-5.4A3 3 0 0 1 12 6Z"/></svg>`
