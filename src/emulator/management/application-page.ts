import { type Html, html } from '../../http/html.ts'
import type { Application, PasswordCredential, PermissionScope } from '../directory.ts'
import type { Page } from '../pages/layout.ts'
import { principalSection } from './principal-section.ts'
import {
  actionButton,
  actionForm,
  badge,
  HOME_LINK,
  renderNotice,
  table,
  type View,
} from './view.ts'

/** An app registration, and the application as it stands in each tenant. */
export function applicationPage(view: View, app: Application): Page {
  const { displayName, appId, id } = app
  const principals = view.directory.servicePrincipals.filter((one) => one.appId === appId)
  const body = html`${HOME_LINK}
<h1>${displayName}</h1>
${renderNotice(view)}
<dl>
<dt>Client id</dt><dd><code>${appId}</code></dd>
<dt>Object id</dt><dd><code>${id}</code></dd>
<dt>Accounts</dt><dd>${app.signInAudience}</dd>
<dt>Identifier URIs</dt><dd>${app.identifierUris.join(', ') || 'none'}</dd>
<dt>Certificates</dt><dd>${app.keyCredentials.length}</dd>
<dt>Federated credentials</dt><dd>${app.federatedIdentityCredentials.length}</dd>
</dl>
<h2>Redirect URIs</h2>${redirectUris(view, app)}
<h2>Access tokens</h2>${tokenVersion(view, app)}
<h2>Scopes</h2>${scopes(view, app)}
<h2>Client secrets</h2>${secrets(view, app)}
${principals.map((principal) => principalSection(view, app, principal))}`
  return { title: displayName, body, width: 'full' }
}

const PLATFORMS = [
  ['web', 'Web'],
  ['spa', 'Single-page application'],
  ['publicClient', 'Mobile and desktop'],
] as const

function redirectUris(view: View, app: Application): Html {
  if (view.token === undefined) {
    return html`<dl>${PLATFORMS.map(
      ([name, label]) =>
        html`<dt>${label}</dt><dd>${app[name].redirectUris.join(', ') || 'none'}</dd>`,
    )}</dl>`
  }
  const fields = PLATFORMS.map(
    ([name, label]) => html`<label for="${name}">${label}</label>
<textarea id="${name}" name="${name}" rows="${Math.min(6, app[name].redirectUris.length + 1)}"
 spellcheck="false" autocapitalize="none" aria-describedby="uris">${app[name].redirectUris.join('\n')}</textarea>`,
  )
  return actionForm(
    view,
    'redirectUris',
    html`<p class="muted small" id="uris">One address on each line. At localhost any port fits.</p>
${fields}<div class="actions"><button class="primary">Save</button></div>`,
  )
}

function tokenVersion(view: View, { api }: Application): Html {
  const version = api.requestedAccessTokenVersion
  if (view.token === undefined) return html`<p>Version ${version ?? 'null, which means 1'}</p>`
  const options = [
    ['null', 'null (a new application’s, which means 1)'],
    ['1', '1'],
    ['2', '2'],
  ] as const
  return actionForm(
    view,
    'tokenVersion',
    html`<label for="version">requestedAccessTokenVersion</label>
<div class="row"><select id="version" name="version">${options.map(
      ([value, label]) =>
        html`<option value="${value}"${value === String(version) && html` selected`}>${label}</option>`,
    )}</select><button>Save</button></div>`,
  )
}

function scopes(view: View, { api }: Application): Html {
  const rows = api.oauth2PermissionScopes.map((scope) => scopeRow(view, scope))
  const add = html`<label for="scope">Expose another scope</label>
<div class="row"><input id="scope" name="value" type="text" required maxlength="120"
 pattern="[!#-\\[\\]-~]+" autocapitalize="none" spellcheck="false" placeholder="files.read"><button>Add</button></div>`
  return html`${table(['Value', 'Who consents', ''], rows)}${actionForm(view, 'addScope', add)}`
}

function scopeRow(view: View, { id, value, type, isEnabled }: PermissionScope): Html {
  const [action, label] = isEnabled ? ['disableScope', 'Disable'] : ['enableScope', 'Enable']
  return html`<tr><td><code>${value}</code>${!isEnabled && badge('disabled')}</td>
<td>${type === 'Admin' ? 'administrators' : 'people'}</td>
<td>${actionButton(view, action, label, { scope: id })}</td></tr>`
}

function secrets(view: View, { passwordCredentials }: Application): Html {
  const rows = passwordCredentials.map((secret) => secretRow(view, secret))
  const add = html`<label for="name">Add a secret</label>
<div class="row"><input id="name" name="name" type="text" maxlength="120" placeholder="Description">
<label class="inline" for="days">Days</label>
<input id="days" name="days" type="number" min="1" max="730" value="180" required><button>Add</button></div>`
  return html`${table(['Description', 'Begins with', 'Valid until', ''], rows)}
${actionForm(view, 'addSecret', add)}`
}

function secretRow(view: View, secret: PasswordCredential): Html {
  const { keyId, displayName, secretText, endDateTime } = secret
  const hasExpired = Date.parse(endDateTime) <= view.now
  return html`<tr><td>${displayName}<br><code class="small">${keyId}</code></td>
<td><code>${secretText.slice(0, 3)}…</code></td>
<td>${endDateTime.slice(0, 10)}${hasExpired && badge('expired')}</td>
<td><div class="row">${!hasExpired && actionButton(view, 'expireSecret', 'Expire', { secret: keyId })}
${actionButton(view, 'removeSecret', 'Remove', { secret: keyId })}</div></td></tr>`
}
