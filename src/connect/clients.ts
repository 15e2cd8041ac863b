import { toServerName } from './server-name.ts'
import { commandLine } from './shell.ts'

/** The MCP server to connect to. */
export type Server = {
  /** What people call it; in a client it is called {@link toServerName} of that. */
  readonly name: string
  /** The address of its MCP endpoint. */
  readonly url: string
}

/** The word of a client: of `entrance connect`, and of its redirect URIs in an allow list. */
export type ClientId =
  | 'vscode'
  | 'cursor'
  | 'claude-code'
  | 'claude'
  | 'codex'
  | 'gemini-cli'
  | 'inspector'
  | 'entrance'

/** An address that opens the client and has it ask whether to add the server. */
export type InstallLink = { readonly text: string; readonly href: string }

/** A file in which the client has its servers: in it, `entry` belongs at `key`, then `name`. */
export type ClientFile = {
  /** In the project's folder, or in the person's own where it begins with `~/`. */
  readonly path: string
  readonly format: 'json' | 'toml'
  readonly key: string
  readonly name: string
  readonly entry: Readonly<Record<string, string>>
}

/** How one client is connected, by each way that it has; the first is the shortest. */
export type Client = {
  readonly id: ClientId
  readonly title: string
  readonly links: readonly InstallLink[]
  /** Command lines, one after the other; {@link commandLine} has quoted them. */
  readonly commands: readonly string[]
  readonly file?: ClientFile
  /** What is left to do by hand: between back quotes is what is typed or clicked. */
  readonly words: string
  /** Whether the vendor's computers call the server, so that it has to be on the internet. */
  readonly isHosted: boolean
}

/**
 * How every client that is known is connected to a server; those of one click first. Throws a
 * `TypeError` where the address is none.
 */
export function clientsFor(known: Server): readonly Client[] {
  // As URLs are written: nothing but ASCII, no blank and no quotes.
  const { href } = new URL(known.url)
  const server = { name: toServerName(known), url: href }
  return [
    vscode(server),
    cursor(server),
    claude(server),
    claudeCode(server),
    codex(server),
    geminiCli(server),
    inspector(server),
    entrance(server),
  ]
}

/**
 * The link has the JSON of `--add-mcp`, percent-encoded.
 * @see https://code.visualstudio.com/docs/copilot/guides/mcp-developer-guide (MCP URL handler)
 * @see https://code.visualstudio.com/docs/copilot/reference/mcp-configuration
 */
function vscode({ name, url }: Server): Client {
  const entry = { type: 'http', url }
  // It is decoded twice there: a percent sign of the address must not be one in the JSON.
  const config = JSON.stringify({ name, ...entry }).replaceAll('%', '\\u0025')
  const query = encodeURIComponent(config)
  return {
    id: 'vscode',
    title: 'VS Code',
    links: [
      { text: 'Add to VS Code', href: `vscode:mcp/install?${query}` },
      { text: 'VS Code Insiders', href: `vscode-insiders:mcp/install?${query}` },
    ],
    commands: [],
    file: { path: '.vscode/mcp.json', format: 'json', key: 'servers', name, entry },
    words: 'VS Code opens and shows the server: choose `Install`, start it, and sign in.',
    isHosted: false,
  }
}

/**
 * The link has the entry of the file as JSON, in Base64.
 * @see https://cursor.com/docs/mcp/install-links
 */
function cursor({ name, url }: Server): Client {
  const entry = { url }
  const config = encodeURIComponent(btoa(JSON.stringify(entry)))
  const href = `cursor://anysphere.cursor-deeplink/mcp/install?name=${name}&config=${config}`
  return {
    id: 'cursor',
    title: 'Cursor',
    links: [{ text: 'Add to Cursor', href }],
    commands: [],
    file: { path: '.cursor/mcp.json', format: 'json', key: 'mcpServers', name, entry },
    words: 'Cursor opens and asks: choose `Install`, then connect the server, and sign in.',
    isHosted: false,
  }
}

/**
 * One for all of claude.ai and its apps: a custom connector.
 * @see https://support.claude.com/en/articles/11503834-building-custom-integrations-via-remote-mcp-servers
 */
function claude(_server: Server): Client {
  return {
    id: 'claude',
    title: 'Claude (web, desktop, mobile)',
    links: [],
    commands: [],
    words:
      'Open `Customize`, `Connectors`, `Add custom connector`, and paste the address. In a team an owner adds it first. Then choose `Connect`, and sign in.',
    isHosted: true,
  }
}

/**
 * Tried with Claude Code 2.1.332.
 * @see https://code.claude.com/docs/en/mcp
 */
function claudeCode({ name, url }: Server): Client {
  const entry = { type: 'http', url }
  return {
    id: 'claude-code',
    title: 'Claude Code',
    links: [],
    commands: [
      commandLine(['claude', 'mcp', 'add', '--transport', 'http', name, url]),
      commandLine(['claude', 'mcp', 'login', name]),
    ],
    file: { path: '.mcp.json', format: 'json', key: 'mcpServers', name, entry },
    words: 'The second command signs you in; so does `/mcp` within Claude Code.',
    isHosted: false,
  }
}

/**
 * Tried with Codex 0.171.0. The desktop app and the editor's extension read the same file.
 * @see https://developers.openai.com/codex/mcp
 */
function codex({ name, url }: Server): Client {
  return {
    id: 'codex',
    title: 'Codex',
    links: [],
    commands: [
      commandLine(['codex', 'mcp', 'add', name, '--url', url]),
      commandLine(['codex', 'mcp', 'login', name]),
    ],
    file: {
      path: '~/.codex/config.toml',
      format: 'toml',
      key: 'mcp_servers',
      name,
      entry: { url },
    },
    words: 'The second command signs you in.',
    isHosted: false,
  }
}

/**
 * Tried with Gemini CLI 0.61.0.
 * @see https://www.geminicli.com/docs/tools/mcp-server
 */
function geminiCli({ name, url }: Server): Client {
  const entry = { url, type: 'http' }
  return {
    id: 'gemini-cli',
    title: 'Gemini CLI',
    links: [],
    commands: [commandLine(['gemini', 'mcp', 'add', '--transport', 'http', name, url])],
    file: { path: '.gemini/settings.json', format: 'json', key: 'mcpServers', name, entry },
    words: `Within Gemini CLI, \`/mcp auth ${name}\` signs you in.`,
    isHosted: false,
  }
}

/**
 * Tried with 2.12.0.
 * @see https://github.com/modelcontextprotocol/inspector/blob/main/docs/mcp-server-configuration.md
 */
function inspector({ url }: Server): Client {
  const target = ['--transport', 'http', '--server-url', url]
  return {
    id: 'inspector',
    title: 'MCP Inspector',
    links: [],
    commands: [commandLine(['npx', '@modelcontextprotocol/inspector', ...target])],
    words: 'It opens in the browser: connect the server there, and sign in.',
    isHosted: false,
  }
}

function entrance({ url }: Server): Client {
  return {
    id: 'entrance',
    title: 'Terminal',
    links: [],
    commands: [
      commandLine(['entrance', 'client', 'login', url]),
      commandLine(['entrance', 'chat', url]),
    ],
    // Not by npx: where Entrance is not installed it would run whatever has the name in the registry.
    words:
      'Where Entrance is installed: the first command signs you in, the second talks to the server in plain words.',
    isHosted: false,
  }
}
