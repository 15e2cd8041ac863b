import { type Html, html } from '../../http/html.ts'
import { page } from '../../http/page.ts'

/** One application, as the person sees it. Times are seconds since the epoch. */
export type ListedApplication = {
  readonly digest: string
  readonly name: string | undefined
  /** Where its codes go: hosts, or schemes of programs. */
  readonly receivers: readonly { readonly receiver: string; readonly isLocal: boolean }[]
  readonly scopes: readonly string[]
  readonly since: number | undefined
  readonly lastRenewed: number | undefined
  /** Until when it is not asked about; undefined where it is asked about each time. */
  readonly rememberedUntil: number | undefined
}

export type AppsPage = {
  readonly serverName: string
  /** Who looks, by the names that Entra gave. */
  readonly person: { readonly name: string | undefined; readonly username: string | undefined }
  readonly applications: readonly ListedApplication[]
  /** How many there are, shown or not. */
  readonly count: number
  readonly formToken: string
  readonly action: string
  readonly setCookie: string | undefined
}

/** “Your applications”: what has access in the person's name, and the buttons that end it. */
export function appsPage(apps: AppsPage): Response {
  const { applications, count, person } = apps
  const hidden = count - applications.length
  const who = person.name ?? person.username ?? 'somebody without a name'
  return page({
    title: 'Your applications',
    headers: headersOf(apps.setCookie),
    body: html`<main class="card">
<p class="eyebrow">${apps.serverName}</p>
<h1>Your applications</h1>
${applications.length === 0 && NONE}
${
  applications.length > 0 &&
  html`<p class="lead">These applications can use <strong><bdi>${apps.serverName}</bdi></strong> in your
name.</p>
<ul class="entries">${applications.map((application) => entry(application, apps))}</ul>`
}
${hidden > 0 && html`<p>${hidden} more are not shown. <em>Revoke all</em> ends them, too.</p>`}
${count > 1 && form(apps, html`<button class="danger" name="action" value="revoke-all">Revoke all</button>`)}
<div class="signed-in">
<p>Signed in as <strong><bdi>${who}</bdi></strong>${
      person.name && person.username && html` <span translate="no">${person.username}</span>`
    }</p>
${form(apps, html`<button class="secondary" name="action" value="sign-out">Sign out here</button>`)}
</div>
<p class="fine-print">An application whose access is revoked stops working within two seconds, and
asks you to sign in again. Signing out here ends only this page in this browser: it revokes nothing,
and you stay signed in at Microsoft Entra ID.</p>
</main>`,
  })
}

export type AppsSignInPage = Pick<AppsPage, 'serverName' | 'formToken' | 'action' | 'setCookie'>

/** What is shown before it is known who looks. Entra is asked only when the person says so. */
export function appsSignInPage(apps: AppsSignInPage): Response {
  return page({
    title: 'Your applications',
    headers: headersOf(apps.setCookie),
    body: html`<main class="card">
<p class="eyebrow">${apps.serverName}</p>
<h1>Your applications</h1>
<p class="lead">See which applications can use <strong><bdi>${apps.serverName}</bdi></strong> in your
name, and revoke what you do not need any more.</p>
${form(apps, html`<button class="primary" name="action" value="sign-in">Sign in with Microsoft Entra ID</button>`)}
<p class="fine-print">You are asked to sign in again when your last sign-in is more than an hour
ago.</p>
</main>`,
  })
}

const NONE = html`<div class="callout neutral"><p>No application has access.</p></div>`

function entry(application: ListedApplication, apps: AppsPage): Html {
  const { name, receivers, scopes, since, lastRenewed, rememberedUntil } = application
  const label = name ?? 'An application that gave no name'
  return html`<li>
<h2><bdi>${label}</bdi></h2>
<dl>
<dt>Address</dt>${receivers.map(address)}
<dt>Scopes</dt><dd translate="no">${scopes.join(' ')}</dd>
${since !== undefined && html`<dt>Since</dt><dd>${time(since)}</dd>`}
${lastRenewed !== undefined && html`<dt>Last renewed</dt><dd>${time(lastRenewed)}</dd>`}
${rememberedUntil !== undefined && html`<dt>Not asked again</dt><dd>until ${time(rememberedUntil)}</dd>`}
</dl>
${form(
  apps,
  html`<input type="hidden" name="application" value="${application.digest}">
<button class="danger" name="action" value="revoke" aria-label="Revoke ${label}">Revoke</button>`,
)}
</li>`
}

/** Which computer it was, nobody knows here. */
function address({ receiver, isLocal }: ListedApplication['receivers'][number]): Html {
  return html`<dd><span translate="no">${receiver}</span>${isLocal && ' on a computer of yours'}</dd>`
}

function form({ action, formToken }: AppsSignInPage, content: Html): Html {
  return html`<form method="post" action="${action}">
<input type="hidden" name="form_token" value="${formToken}">
<div class="actions">${content}</div>
</form>`
}

let format: Intl.DateTimeFormat | undefined

/** Made when it is needed: the first one of a process takes it 20 ms. */
function formatted(date: Date): string {
  format ??= new Intl.DateTimeFormat('en-GB', {
    dateStyle: 'medium',
    timeStyle: 'short',
    timeZone: 'UTC',
  })
  return format.format(date)
}

function time(seconds: number): Html {
  const date = new Date(seconds * 1000)
  return html`<time datetime="${date.toISOString()}">${formatted(date)} UTC</time>`
}

function headersOf(setCookie: string | undefined): Record<string, string> {
  return setCookie ? { 'set-cookie': setCookie } : {}
}
