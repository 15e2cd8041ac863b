import { type Html, html } from '../../http/html.ts'
import { page } from '../../http/page.ts'
import type { ClientIdentity, Standing } from '../clients/client-identity.ts'

export type ConsentPage = {
  /** The name the client gave itself, cleaned; undefined when it gave none. */
  readonly clientName: string | undefined
  readonly clientId: string
  readonly redirectUri: string
  readonly identity: ClientIdentity
  readonly scope: string
  readonly serverName: string
  readonly resource: string
  readonly sealedRequest: string
  readonly formToken: string
  /** Where the form goes. */
  readonly action: string
  /** The person's own page. */
  readonly appsAddress: string
  /** The account that was chosen at Entra before the question, where it comes late. */
  readonly account: string | undefined
  /** Whether the answer is remembered. */
  readonly isRemembered: boolean
  readonly setCookie: string | undefined
}

/**
 * The Application Access Request: who asks, for which server, and where the answer goes. The
 * name is the application's own claim, so what counts is the callback address.
 */
export function consentPage(consent: ConsentPage): Response {
  const { clientName, redirectUri, identity, account } = consent
  return page({
    title: 'Application Access Request',
    ...(consent.setCookie && { headers: { 'set-cookie': consent.setCookie } }),
    body: html`<main class="card">
<p class="eyebrow">${consent.serverName}</p>
<h1>Application Access Request</h1>
<p class="lead">${
      identity.isKnownHere
        ? introduction(clientName)
        : html`An <strong>unverified application</strong> that is not registered here`
    } wants to access the MCP server
<strong><bdi>${consent.serverName}</bdi></strong> in your name.</p>
${account !== undefined && lateNote(account)}
${standingLine(identity.standing)}
<div class="callout ${identity.isWarning && 'warning'}" role="group" aria-labelledby="destination">
<p class="callout-title" id="destination">Credentials will be sent to:</p>
<p class="address" id="address" translate="no">${address(redirectUri)}</p>
<p>${identity.meaning}</p>
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
<p class="fine-print">Allow only if you have just started this yourself. You sign in with Microsoft
Entra ID next, and your password never reaches the application. What you allow you can end at
<a href="${consent.appsAddress}">your applications</a>.${
      consent.isRemembered &&
      html` If you allow it, you may not be asked again for 90 days; a <em>Deny</em> ends that.`
    }</p>
</main>`,
  })
}

/** The host in large type: it says who receives the code, and no name does. */
function address(redirectUri: string): Html {
  const web = /^(https?:\/\/)(\[[^\]]*\]|[^/?#:]*)(.*)$/is.exec(redirectUri)
  const parts = web ?? /^()([^:]*:)(.*)$/s.exec(redirectUri)
  const [, before = '', receiver = redirectUri, after = ''] = parts ?? []
  return html`${before}<strong>${receiver}</strong>${after}`
}

function introduction(clientName: string | undefined): Html {
  return clientName
    ? html`The application <strong><bdi>${clientName}</bdi></strong>`
    : html`An application <strong>that gave no name</strong>`
}

function standingLine({ rank, label, text }: Standing): Html {
  return html`<p class="standing ${rank}"><strong>${label}.</strong> ${text}</p>`
}

/**
 * Entra has answered with somebody who has not been asked: nothing was given out for it. Whose name
 * is unknown, or too long to travel, goes without.
 */
function lateNote(account: string): Html {
  const chosen = account ? html`<strong><bdi>${account}</bdi></strong>` : html`an account`
  return html`<div class="callout neutral" role="status">
<p>You chose ${chosen} at Microsoft Entra ID that has not allowed this application here, or not any
more. Nothing has been given to the application.</p>
</div>`
}
