// What the suite starts as the client to judge: `entrance client` as it is built, with a person who
// goes wherever it sends them. Takes the server's URL as its last argument.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createBrowser } from '../support/browser.ts'
import { COMMAND } from '../support/serve.ts'

const url = process.argv.at(-1) as string
const scenario = process.env.MCP_CONFORMANCE_SCENARIO ?? ''
const context = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT ?? '{}') as Record<string, string>
const data = mkdtempSync(join(tmpdir(), 'entrance-conformance-'))
/** Less than the suite's own, which ends this process only. */
const TIMEOUT = 25_000

/** The address that `auth/basic-cimd` expects a client to be known by. */
const METADATA_URL = 'https://conformance-test.local/client-metadata.json'

const terminal = new URL('at-a-terminal.ts', import.meta.url).href

/** Runs `entrance client WORD …` as somebody at a terminal; gives its exit code. */
async function client(...args: string[]): Promise<number> {
  const child = spawn(process.execPath, ['--import', terminal, COMMAND, 'client', ...args], {
    env: {
      PATH: process.env.PATH,
      ENTRANCE_CLIENT_DATA: data,
      ENTRANCE_CLIENT_SECRET: context.client_secret,
    },
    stdio: ['pipe', 'inherit', 'pipe'],
    signal: AbortSignal.timeout(TIMEOUT),
  })
  const browser = createBrowser()
  for await (const line of createInterface({ input: child.stderr })) {
    process.stderr.write(`${line}\n`)
    // The address of a sign-in stands alone on its line.
    const [, address] = /^ {2}(https?:\S+)$/.exec(line) ?? []
    if (address) browser.open(address).catch((error) => process.stderr.write(`${error}\n`))
  }
  if (child.exitCode === null) await once(child, 'exit')
  return child.exitCode ?? 1
}

/** What this person has to say to `login` besides the URL; most need not call it at all. */
function loginOptions(): readonly string[] | undefined {
  if (context.client_id) return ['--client-id', context.client_id]
  if (scenario === 'auth/basic-cimd') return ['--client-metadata-url', METADATA_URL]
  return undefined
}

try {
  const options = loginOptions()
  const failed = options && (await client('login', url, ...options))
  process.exitCode = failed || (await client('call', url, 'test-tool'))
} finally {
  rmSync(data, { recursive: true, force: true })
}
