// What the suite starts as the client to judge: `entrance client` as it is built, with a person who
// goes wherever it sends them. Takes the server's URL as its last argument.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { createBrowser } from '../support/browser.ts'
import { COMMAND } from '../support/serve.ts'

type ToolCall = { readonly name: string; readonly arguments: Readonly<Record<string, unknown>> }

/** What the suite says about a scenario. */
type Context = {
  readonly client_id?: string
  readonly client_secret?: string
  readonly toolCalls?: readonly ToolCall[]
}

/** A command's word and what comes after the server's URL. */
type Command = readonly [word: string, ...more: string[]]

const url = process.argv.at(-1) as string
const scenario = process.env.MCP_CONFORMANCE_SCENARIO ?? ''
const context = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT ?? '{}') as Context
const data = mkdtempSync(join(tmpdir(), 'entrance-conformance-'))

/** In milliseconds; less than the suite's own, which ends this process only. */
const TIMEOUT = 50_000

/** The address that `auth/basic-cimd` expects a client to be known by. */
const METADATA_URL = 'https://conformance-test.local/client-metadata.json'

/** What the person types where it is not only a call of the tool that every `auth/*` server has. */
const COMMANDS: ReadonlyMap<string, readonly Command[]> = new Map<string, readonly Command[]>([
  ['auth/basic-cimd', [['login', '--client-metadata-url', METADATA_URL], ['tools']]],
  ['auth/pre-registration', [['login', '--client-id', context.client_id ?? ''], ['tools']]],
  ['initialize', [['tools']]],
  ['request-metadata', [['tools']]],
  ['json-schema-ref-no-deref', [['tools']]],
  ['tools_call', [['call', 'add_numbers', 'a=5', 'b=3']]],
  ['http-standard-headers', [['call', 'test_headers']]],
  ['http-invalid-tool-headers', [['call', 'valid_tool', 'region=x']]],
  ['http-custom-headers', (context.toolCalls ?? []).map(toCommand)],
  ['json-schema-2020-12-preservation', []],
  ['sse-retry', [['call', 'test_reconnection']]],
])

function toCommand(call: ToolCall): Command {
  // Nobody types an argument that they do not mean to give.
  const given = Object.entries(call.arguments).filter(([, value]) => value !== null)
  return ['call', call.name, ...given.map(([name, value]) => `${name}:=${JSON.stringify(value)}`)]
}

/** Runs `entrance client WORD URL …` as somebody at a terminal; gives what it wrote. */
async function run([word, ...more]: Command): Promise<string> {
  const terminal = new URL('at-a-terminal.ts', import.meta.url).href
  const args = ['--import', terminal, COMMAND, 'client', word, url, ...more]
  const child = spawn(process.execPath, args, {
    env: {
      PATH: process.env.PATH,
      ENTRANCE_CLIENT_DATA: data,
      ENTRANCE_CLIENT_SECRET: context.client_secret,
    },
    stdio: 'pipe',
    signal: AbortSignal.timeout(TIMEOUT),
  })
  const closed = once(child, 'close')
  const written = text(child.stdout)
  const browser = createBrowser()
  for await (const line of createInterface({ input: child.stderr })) {
    process.stderr.write(`${line}\n`)
    // The address of a sign-in stands alone on its line.
    const [, address] = /^ {2}(https?:\S+)$/.exec(line) ?? []
    if (address) browser.open(address).catch((error) => process.stderr.write(`${error}\n`))
  }
  const [code] = await closed
  process.exitCode = code ?? 1
  return written
}

/** Lists the tools, and gives one tool's schema to the other as an argument. */
async function passSchemaOn(): Promise<void> {
  const { tools } = JSON.parse(await run(['tools', '--json'])) as { tools: readonly Tool[] }
  const schema = tools.find(({ name }) => name === 'json_schema_2020_12_tool')?.inputSchema
  await run(['call', 'json_schema_echo', `schema:=${JSON.stringify(schema)}`])
}

type Tool = { readonly name: string; readonly inputSchema: unknown }

try {
  if (scenario === 'json-schema-2020-12-preservation') await passSchemaOn()
  for (const command of COMMANDS.get(scenario) ?? [['call', 'test-tool'] as const]) {
    if (!process.exitCode) await run(command)
  }
} finally {
  rmSync(data, { recursive: true, force: true })
}
