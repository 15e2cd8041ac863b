import { type Html, html } from '../../http/html.ts'
import { errorMark, page } from '../../http/page.ts'
import { marked } from './marked.ts'

/** What went wrong, for a person. */
export type Problem = {
  readonly title: string
  readonly status: number
  /** What happened, in a sentence or two. */
  readonly message: string
  /** What to do. */
  readonly cure?: string | Html | undefined
  /** Names and numbers that help somebody else to help. */
  readonly details?: readonly (readonly [string, string | undefined])[]
  /** A way on. */
  readonly link?: Link | undefined
  /** Another, for who gives up the first. */
  readonly otherLink?: Link | undefined
  readonly more?: Html
  readonly headers?: Readonly<Record<string, string>>
}

type Link = { readonly href: string; readonly text: string }

/** The page that says what is wrong and what to do about it. */
export function errorPage(problem: Problem): Response {
  const details = (problem.details ?? []).filter(([, value]) => value !== undefined)
  const { link, otherLink } = problem
  return page({
    title: problem.title,
    status: problem.status,
    headers: problem.headers ?? {},
    body: html`<main class="card">
${errorMark}
<h1>${problem.title}</h1>
<p class="lead">${problem.message}</p>
${problem.cure && callout(problem.cure)}
${problem.more ?? false}
${details.length > 0 && detailsList(details)}
${link && actions(link, otherLink)}
</main>`,
  })
}

function callout(cure: string | Html): Html {
  return html`<div class="callout neutral">
<p class="callout-title">What to do</p>
<p>${cure}</p>
</div>`
}

function actions(link: Link, other: Link | undefined): Html {
  const second = other && html` <a class="button secondary" href="${other.href}">${other.text}</a>`
  return html`<div class="actions"><a class="button primary" href="${link.href}">${link.text}</a>${second ?? false}</div>`
}

function detailsList(details: readonly (readonly [string, string | undefined])[]): Html {
  const rows = details.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)
  return html`<details class="disclosure"><summary>Details</summary><dl>${rows}</dl></details>`
}

/** How each client is made to forget a registration; between back quotes is what is typed in. */
export const CLIENT_RESETS: readonly (readonly [client: string, step: string])[] = [
  [
    'VS Code',
    'run `Authentication: Remove Dynamic Authentication Providers` from the Command Palette',
  ],
  ['Claude Code', 'run `claude mcp logout NAME`, then `claude mcp login NAME`'],
  ['Cursor', 'in Settings, MCP: log the server out, or remove it and add it again'],
  ['Codex', 'run `codex mcp login NAME`'],
  ['MCP Inspector', 'clear the OAuth state, or start the CLI with `--relogin`'],
  ['mcp-remote', 'delete the folder `~/.mcp-auth`'],
  ['Any other', 'remove this server from its settings, and add it again'],
]

/** “Client Not Registered”: the one error that only the client's user can mend. */
export function clientNotRegisteredPage(status: number, description: string): Response {
  const steps = CLIENT_RESETS.map(
    ([client, step]) => html`<li><strong>${client}</strong>: ${marked(step)}</li>`,
  )
  return errorPage({
    title: 'Client Not Registered',
    status,
    message: NOT_REGISTERED,
    cure: 'Have the application forget its registration and connect again: it registers anew.',
    more: html`<details class="disclosure" open>
<summary>How to do that in each client</summary>
<ul class="steps">${steps}</ul>
</details>`,
    details: [['Error', `invalid_client: ${description}`]],
  })
}

const NOT_REGISTERED =
  'The application that sent you here uses a registration that this server does not know. ' +
  'It was probably made with another server key.'
