import { type Html, html } from '../../http/html.ts'
import { errorMark, page } from '../../http/page.ts'

/** What went wrong, for a person. */
export type Problem = {
  readonly title: string
  readonly status: number
  /** What happened, in a sentence or two. */
  readonly message: string
  /** What to do. */
  readonly cure?: string | undefined
  /** Names and numbers that help somebody else to help. */
  readonly details?: readonly (readonly [string, string | undefined])[]
  /** A way on. */
  readonly link?: { readonly href: string; readonly text: string } | undefined
  readonly more?: Html
  readonly headers?: Readonly<Record<string, string>>
}

/** The page that says what is wrong and what to do about it. */
export function errorPage(problem: Problem): Response {
  const details = (problem.details ?? []).filter(([, value]) => value !== undefined)
  const { link } = problem
  return page({
    title: problem.title,
    status: problem.status,
    headers: problem.headers ?? {},
    body: html`<main class="card">
${errorMark}
<h1>${problem.title}</h1>
<p class="lead">${problem.message}</p>
${problem.cure && html`<div class="callout neutral"><p class="callout-title">What to do</p><p>${problem.cure}</p></div>`}
${problem.more ?? false}
${details.length > 0 && detailsList(details)}
${link && html`<div class="actions"><a class="button primary" href="${link.href}">${link.text}</a></div>`}
</main>`,
  })
}

function detailsList(details: readonly (readonly [string, string | undefined])[]): Html {
  const rows = details.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)
  return html`<details class="disclosure"><summary>Details</summary><dl>${rows}</dl></details>`
}

/** How each client is made to forget a registration that the server no longer knows. */
export const CLIENT_RESETS: readonly (readonly [string, string])[] = [
  [
    'VS Code',
    'run “Authentication: Remove Dynamic Authentication Providers” from the Command Palette',
  ],
  ['Claude Code', 'claude mcp logout NAME, then claude mcp login NAME'],
  ['Cursor', 'Settings, MCP: log the server out, or remove it and add it again'],
  ['Codex', 'codex mcp login NAME'],
  ['MCP Inspector', 'clear the OAuth state, or start the CLI with --relogin'],
  ['mcp-remote', 'delete the folder ~/.mcp-auth'],
]

/** “Client Not Registered”: the one error that only the client's user can mend. */
export function clientNotRegisteredPage(status: number, description: string): Response {
  const steps = CLIENT_RESETS.map(
    ([client, step]) => html`<li><strong>${client}</strong>: ${step}</li>`,
  )
  return errorPage({
    title: 'Client Not Registered',
    status,
    message:
      'The application that sent you here uses a registration that this server does not know. It was probably made with another server key.',
    cure: 'Have the application forget its registration, and connect again. It then registers anew.',
    more: html`<details class="disclosure" open><summary>How to do that in each client</summary><ul class="steps">${steps}</ul></details>`,
    details: [['Error', `invalid_client: ${description}`]],
  })
}
