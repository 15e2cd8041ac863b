import type { Client, ClientFile } from '../../connect/clients.ts'
import { snippetOf } from '../../connect/snippet.ts'
import { type Html, html } from '../../http/html.ts'
import { page } from '../../http/page.ts'
import type { RegistrationMode } from '../options.ts'
import { marked } from './marked.ts'

export type FrontDoorPage = {
  readonly serverName: string
  /** The address of the MCP endpoint. */
  readonly resource: string
  /** How to connect the clients that are let in. */
  readonly clients: readonly Client[]
  /** Which clients are let in besides. */
  readonly registration: RegistrationMode
  /** What people sign in with. */
  readonly account: string
  /** The person's own page. */
  readonly appsAddress: string
}

/** The front door: what is here, how each client is connected, and what signing in means. */
export function frontDoorPage(door: FrontDoorPage): Response {
  const { serverName, resource, clients, registration, account, appsAddress } = door
  const links = clients.flatMap(({ links }) => links.slice(0, 1))
  return page({
    title: `Connect to ${serverName}`,
    headers: { 'cache-control': 'no-cache', vary: 'Accept' },
    body: html`<main class="card">
<p class="eyebrow">MCP server</p>
<h1><bdi>${serverName}</bdi></h1>
<p class="lead">Connect your AI application. Once you have signed in, it can use
<strong><bdi>${serverName}</bdi></strong> in your name.</p>
${links.length > 0 && html`<div class="actions">${links.map(button)}</div>`}
<div class="callout">
<p class="callout-title">MCP address</p>
${copyable('MCP address', resource)}
${registration === 'open' && OTHERS}
</div>
${registration !== 'open' && note(door)}
${
  clients.length > 0 &&
  html`<h2>How to connect</h2>
${clients.map(disclosure)}`
}
<h2>What signing in means</h2>
<ul class="steps">
<li>You sign in with ${account} at Microsoft Entra ID. Your password stays there: neither this server
nor the application ever has it.</li>
<li>Before that, this server asks you whether the application may act in your name, and shows where
its access would go. Nothing is given out until you allow it.</li>
<li>Entra ID tells this server who you are: your name, your sign-in name, the ids of your account and
your organisation, and the roles that you have here. Your mail and your files stay closed to it.</li>
<li>You can end what an application may do at any time, at <a href="${appsAddress}">your applications</a>.</li>
</ul>
</main>`,
  })
}

const OTHERS = html`<p>Any MCP client takes it. Where one asks for the transport, it is Streamable
HTTP.</p>`

/** Who is let in besides those that are shown. */
function note({ registration, clients }: FrontDoorPage): Html {
  const others = clients.length > 0 ? 'Other applications' : 'Applications'
  const who = registration === 'allowlist' ? 'on a list of the operator' : 'set up by the operator'
  return html`<div class="callout warning">
<p>${others} are let in only if they are ${who} of this server. Ask the operator about yours.</p>
</div>`
}

function button({ text, href }: Client['links'][number]): Html {
  return html`<a class="button primary" href="${href}">${text}</a>`
}

function disclosure({ title, links, commands, file, words }: Client): Html {
  return html`<details class="disclosure">
<summary>${title}</summary>
${links.length > 0 && html`<p>${links.map(inText)}</p>`}
${commands.map((command) => copyable(`Command for ${title}`, command))}
<p>${marked(words)}</p>
${file && fileOf(file)}
</details>`
}

function inText({ text, href }: Client['links'][number], at: number): Html {
  return html`${at > 0 && ' · '}<a href="${href}">${text}</a>`
}

function fileOf(file: ClientFile): Html {
  return html`<p>Or have this in the file <code>${file.path}</code>:</p>
${copyable(`Content of ${file.path}`, snippetOf(file))}`
}

/** How many characters of a line are seen at the narrowest. */
const LINE = 28

/** A text to take away: by keyboard too it is selected whole, which needs no script in a field. */
function copyable(label: string, text: string): Html {
  const rows = text.split('\n').reduce((sum, line) => sum + Math.ceil(line.length / LINE), 0)
  return html`<textarea class="copy" rows="${rows}" readonly autocomplete="off" spellcheck="false"
translate="no" aria-label="${label}">${text}</textarea>`
}

/** What somebody sees who opens the MCP endpoint in a browser: the way to the front door. */
export function mcpAddressPage(
  { serverName, frontDoor }: { serverName: string; frontDoor: string },
  status: number,
  headers: Readonly<Record<string, string>>,
): Response {
  return page({
    title: 'An address for applications',
    status,
    headers: { ...headers, 'content-type': 'text/html; charset=utf-8', vary: 'Accept' },
    body: html`<main class="card centered">
<p class="eyebrow">${serverName}</p>
<h1>An address for applications</h1>
<p class="lead">Nothing is wrong: this is the address that you give to an application. In a browser
there is nothing to see.</p>
<div class="actions"><a class="button primary" href="${frontDoor}">How to connect an application</a></div>
</main>`,
  })
}
