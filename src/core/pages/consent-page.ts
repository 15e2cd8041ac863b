import { type Html, html } from '../../http/html.ts'
import { page } from '../../http/page.ts'

export type ConsentPage = {
  /** The name the client gave itself, cleaned; undefined when it gave none. */
  readonly clientName: string | undefined
  readonly clientId: string
  /** How the client is known here; `adopted` is one that is not. */
  readonly source: 'registered' | 'configured' | 'document' | 'adopted'
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
  const { clientName, redirectUri } = consent
  const destination = destinationOf(consent)
  return page({
    title: 'Application Access Request',
    ...(consent.setCookie && { headers: { 'set-cookie': consent.setCookie } }),
    body: html`<main class="card">
<p class="eyebrow">${consent.serverName}</p>
<h1>Application Access Request</h1>
<p class="lead">${
      consent.source === 'adopted'
        ? html`An <strong>unverified application</strong> that is not registered here`
        : clientName
          ? html`The application <strong><bdi>${clientName}</bdi></strong>`
          : html`An application <strong>that gave no name</strong>`
    } wants to access the MCP server
<strong><bdi>${consent.serverName}</bdi></strong> in your name.</p>
<div class="callout ${destination.style}" role="group" aria-labelledby="destination">
<p class="callout-title" id="destination">Credentials will be sent to:</p>
<p class="address" id="address" translate="no">${redirectUri}</p>
<p>${destination.note}</p>
</div>
<details class="disclosure">
<summary>Details</summary>
<dl>
<dt>Application name</dt><dd>${clientName ?? 'none given'}</dd>
<dt>Client ID</dt><dd translate="no">${consent.clientId}</dd>
<dt>Redirect URI</dt><dd translate="no">${redirectUri}</dd>
<dt>Scopes</dt><dd translate="no">${consent.scope}</dd>
<dt>Server</dt><dd translate="no">${consent.resource}</dd>
</dl>
</details>
<form method="post" action="${consent.action}">
<input type="hidden" name="request" value="${consent.sealedRequest}">
<input type="hidden" name="form_token" value="${consent.formToken}">
<div class="actions">
<button class="primary" name="action" value="allow"
aria-describedby="destination address">Allow Access</button>
<button class="secondary" name="action" value="deny">Deny</button>
</div>
</form>
<p class="fine-print">Allow only if you have just started this yourself: an application chooses
its own name. You sign in with Microsoft Entra ID next, and your password never reaches it.</p>
</main>`,
  })
}

type Destination = { readonly style: '' | 'warning'; readonly note: Html }

/** What the address means: what stays on this computer is fine, else it is time to look twice. */
function destinationOf({ isLocal, redirectUri }: ConsentPage): Destination {
  if (isLocal) {
    const note = html`This address is on your own computer: a program running here receives them.`
    return { style: '', note }
  }
  const { protocol = '', host = '' } = URL.parse(redirectUri) ?? {}
  const receiver = protocol.startsWith('http')
    ? html`They leave your computer for <strong translate="no">${host}</strong>.`
    : html`The program on your computer that opens <strong translate="no">${protocol}</strong>
addresses receives them.`
  return { style: 'warning', note: html`${receiver} Continue only if you recognise it.` }
}
