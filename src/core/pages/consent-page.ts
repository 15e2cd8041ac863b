import { html } from '../../http/html.ts'
import { page } from '../../http/page.ts'

export type ConsentPage = {
  /** The name the client gave itself, cleaned; undefined when it gave none. */
  readonly clientName: string | undefined
  readonly clientId: string
  readonly redirectUri: string
  /** Whether the redirect URI is on the person's own computer. */
  readonly isLocal: boolean
  readonly scope: string
  readonly serverName: string
  readonly resource: string
  readonly sealedRequest: string
  readonly formToken: string
  /** Where the form goes. */
  readonly action: string
  readonly setCookie: string | undefined
}

/**
 * The Application Access Request: who asks, for which server, and where the answer goes. The
 * name is the application's own claim, so what counts is the callback address.
 */
export function consentPage(consent: ConsentPage): Response {
  const application = consent.clientName ?? 'An application without a name'
  return page({
    title: 'Application Access Request',
    ...(consent.setCookie && { headers: { 'set-cookie': consent.setCookie } }),
    body: html`<main class="card">
<p class="eyebrow">${consent.serverName}</p>
<h1>Application Access Request</h1>
<p class="lead">The application <strong>${application}</strong> wants to access the MCP server
<strong>${consent.serverName}</strong> in your name.</p>
<div class="callout warning">
<p class="callout-title">Credentials will be sent to:</p>
<p class="address">${consent.redirectUri}</p>
<p>${consent.isLocal ? LOCAL_NOTE : remoteNote(consent.redirectUri)}</p>
</div>
<details class="disclosure">
<summary>Details</summary>
<dl>
<dt>Application name</dt><dd>${application}</dd>
<dt>Client ID</dt><dd>${consent.clientId}</dd>
<dt>Redirect URI</dt><dd>${consent.redirectUri}</dd>
<dt>Scopes</dt><dd>${consent.scope}</dd>
<dt>Server</dt><dd>${consent.resource}</dd>
</dl>
</details>
<form method="post" action="${consent.action}">
<input type="hidden" name="request" value="${consent.sealedRequest}">
<input type="hidden" name="form_token" value="${consent.formToken}">
<div class="actions">
<button class="primary" name="action" value="allow">Allow Access</button>
<button class="secondary" name="action" value="deny">Deny</button>
</div>
</form>
<p class="fine-print">Allow only if you have just started this yourself. The application chose its
own name; you sign in with Microsoft Entra ID next, and your password never reaches it.</p>
</main>`,
  })
}

const LOCAL_NOTE = 'This address is on your own computer: a program running here receives them.'

function remoteNote(redirectUri: string): string {
  const host = URL.parse(redirectUri)?.host
  return host
    ? `They leave for ${host}. Continue only if you recognise it.`
    : 'An installed application receives them. Continue only if you recognise it.'
}
