import { html } from '../../http/html.ts'
import type { Directory } from '../directory.ts'
import { MICROSOFT_TENANT_ID } from '../microsoft-graph.ts'
import type { Page } from './layout.ts'

/** What is here, for whoever opens the emulator's own address. No secret is on it. */
export function homePage(origin: string, directory: Directory): Page {
  const title = 'Directory'
  const applications = directory.applications.filter((a) => a.tenantId !== MICROSOFT_TENANT_ID)
  const body = html`<h1>${title}</h1>
<p class="muted">Applications send people here to sign in, as they would to Entra ID.</p>
<h2>Tenants</h2>
<dl>${directory.tenants.map(
    ({ id, displayName }) => html`<dt>${displayName}</dt>
<dd><a href="${origin}/${id}/v2.0/.well-known/openid-configuration"><code>${id}</code></a></dd>`,
  )}</dl>
<h2>Applications</h2>
<dl>${applications.map(
    ({ appId, displayName }) => html`<dt>${displayName}</dt><dd><code>${appId}</code></dd>`,
  )}</dl>
<h2>Accounts</h2>
<dl>${directory.users.map(
    ({ displayName, userPrincipalName }) => html`<dt>${displayName}</dt>
<dd>${userPrincipalName}</dd>`,
  )}</dl>`
  return { title, body, isWide: true }
}
