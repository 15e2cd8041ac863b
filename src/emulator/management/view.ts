import { type Html, html } from '../../http/html.ts'
import type { Directory } from '../directory.ts'

/** What every page of the directory is rendered with. */
export type View = {
  readonly directory: Directory
  /** The path of the page, which its forms are sent to. */
  readonly path: string
  /** Proves that a form comes from one of our pages; undefined where nothing can be changed. */
  readonly token: string | undefined
  /** Milliseconds since the epoch. */
  readonly now: number
  /** What has just happened. */
  readonly notice?: Notice | undefined
}

export type Notice = {
  readonly text: string
  readonly isError?: boolean
  /** A new secret, shown this once. */
  readonly secret?: string
}

/** A form that changes something; nothing where nothing can be changed. */
export function actionForm({ path, token }: View, action: string, fields: Html): Html {
  if (token === undefined) return html``
  return html`<form method="post" action="${path}">
<input type="hidden" name="token" value="${token}">
<input type="hidden" name="action" value="${action}">
${fields}
</form>`
}

/** A form of one button; `fields` go with it unseen. */
export function actionButton(
  view: View,
  action: string,
  label: string,
  fields: Readonly<Record<string, string>> = {},
): Html {
  const hidden = Object.entries(fields).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
  )
  return actionForm(view, action, html`${hidden}<button>${label}</button>`)
}

/** What the last action came to. */
export function renderNotice({ notice }: View): Html {
  if (!notice) return html``
  const { text, isError, secret } = notice
  return html`<div class="notice${isError && ' bad'}" role="${isError ? 'alert' : 'status'}">
<p>${text}</p>${
    secret !== undefined &&
    html`
<p><code>${secret}</code></p>`
  }</div>`
}

/** The way back to the list of everything. */
export const HOME_LINK = html`<p class="small"><a href="/">Directory</a></p>`

/** A mark behind a name. */
export function badge(text: string): Html {
  return html` <span class="badge">${text}</span>`
}

/** A table; nothing where it has no rows. */
export function table(head: readonly string[], rows: readonly Html[]): Html {
  if (rows.length === 0) return html`<p class="muted">None.</p>`
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${head[0]}"><table>
<thead><tr>${head.map((text) => html`<th scope="col">${text}</th>`)}</tr></thead>
<tbody>${rows}</tbody></table></div>`
}

/** The page of a thing. */
export function linkTo(kind: string, id: string, name: string): Html {
  return html`<a href="/_directory/${kind}/${id}">${name}</a>`
}

/** What an object id stands for, by name. */
export function nameOf(directory: Directory, id: string | null): string {
  if (id === null) return 'Everybody'
  const named = [...directory.users, ...directory.groups].find((one) => one.id === id)
  if (named) return named.displayName
  const principal = directory.servicePrincipals.find((one) => one.id === id)
  const application = directory.applications.find(({ appId }) => appId === principal?.appId)
  return application?.displayName ?? principal?.displayName ?? id
}
