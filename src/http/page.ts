import { escapeHtml, type Html, html } from './html.ts'
import { PAGE_STYLE, PAGE_STYLE_SOURCE } from './page-style.ts'

export type PageOptions = {
  /** The document's title: plain text, escaped here. */
  readonly title: string
  /** @default 200 */
  readonly status?: number
  /** The content of `<body>`: one `<main class="card">`, with the classes of `page-style.ts`. */
  readonly body: Html
  /** Where the browser goes by itself, at once. */
  readonly refresh?: string
  /** Headers besides; one of the same name replaces the page's own. */
  readonly headers?: Readonly<Record<string, string>>
}

/** A page for a person: a whole HTML document without a script or an outside asset. */
export function page(options: PageOptions): Response {
  const headers = new Headers(PAGE_HEADERS)
  for (const [name, value] of Object.entries(options.headers ?? {})) headers.set(name, value)
  return new Response(toDocument(options), { status: options.status ?? 200, headers })
}

/** The mark of a page that says that something worked. */
export const successMark = html`<svg class="mark success"
viewBox="0 0 48 48" aria-hidden="true"><path d="M14 25l7 7 13-15"/></svg>`

/** The mark of a page that says that something failed. */
export const errorMark = html`<svg class="mark error"
viewBox="0 0 48 48" aria-hidden="true"><path d="M24 13v14M24 34.5v.1"/></svg>`

const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  `style-src ${PAGE_STYLE_SOURCE}`,
  'img-src data:',
  "base-uri 'none'",
  // No form-action: Chrome holds the whole redirect chain after a form against it, and that chain
  // ends at the client's own callback address.
  "frame-ancestors 'none'",
].join('; ')

const PAGE_HEADERS: [string, string][] = [
  ['content-type', 'text/html; charset=utf-8'],
  ['content-security-policy', CONTENT_SECURITY_POLICY],
  ['x-frame-options', 'DENY'],
  ['x-content-type-options', 'nosniff'],
  // Not no-referrer: under it a form's POST carries `Origin: null`, which cannot be checked.
  ['referrer-policy', 'same-origin'],
  ['cache-control', 'no-store'],
  // No Cross-Origin-Opener-Policy: a client that opened the sign-in in a window of its own would
  // lose hold of it here, and never hear of the answer.
  ['cross-origin-resource-policy', 'same-origin'],
  [
    'permissions-policy',
    'camera=(), display-capture=(), geolocation=(), microphone=(), payment=()',
  ],
  ['x-robots-tag', 'noindex'],
]

// An icon of its own keeps the browser from asking the server for /favicon.ico.
const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E" +
  "%3Crect width='32' height='32' rx='7' fill='%232457c5'/%3E" +
  "%3Cpath d='M10 25V11a6 6 0 0 1 12 0v14z' " +
  "fill='%23fff'/%3E%3Ccircle cx='19' cy='17' r='1.5' fill='%232457c5'/%3E%3C/svg%3E"

function toDocument(options: PageOptions): string {
  const { refresh } = options
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    ...(refresh ? [`<meta http-equiv="refresh" content="0; url=${escapeHtml(refresh)}">`] : []),
    `<title>${escapeHtml(options.title)}</title>`,
    `<link rel="icon" href="${ICON}">`,
    `<style>${PAGE_STYLE}</style>`,
    '</head>',
    '<body>',
    options.body.markup,
    '</body>',
    '</html>',
    '',
  ].join('\n')
}
