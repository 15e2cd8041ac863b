import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { COMMAND } from '../support/serve.ts'

const folder = mkdtempSync(join(tmpdir(), 'entrance-optional-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const PASSWORD = 'a-password'
const SERVE = ['serve', '--emulator']

/** A package, what asks for it, and what installs it. */
const PACKAGES = [
  {
    name: 'pg',
    words: SERVE,
    env: { ENTRANCE_STORE: `postgres://user:${PASSWORD}@127.0.0.1:1/db` },
    install: 'pg@8',
  },
  {
    name: 'redis',
    words: SERVE,
    env: { ENTRANCE_STORE: `redis://:${PASSWORD}@127.0.0.1:1` },
    install: 'redis@6',
  },
  {
    name: '@azure/cosmos',
    words: SERVE,
    env: {
      ENTRANCE_STORE: 'cosmos:https://127.0.0.1:1',
      ENTRANCE_COSMOS_KEY: Buffer.alloc(64).toString('base64'),
    },
    install: '@azure/cosmos@4',
  },
  {
    name: '@opentelemetry/sdk-node',
    words: SERVE,
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' },
    install: '@opentelemetry/api@1 @opentelemetry/sdk-node@0.301',
  },
  {
    name: '@ai-sdk/openai-compatible',
    words: ['chat', '--once', 'Hello', 'http://127.0.0.1:1/mcp'],
    env: { ENTRANCE_MODEL: 'ollama/qwen3' },
    install: 'ai@7 @ai-sdk/openai-compatible@3',
  },
] as const

// npm's and pnpm's folders leave it to Node to say that one is absent; Yarn's Plug'n'Play does itself.
for (const code of ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND']) {
  for (const { name, words, env, install } of PACKAGES) {
    const does = `throw Object.assign(new Error(name), { code: '${code}' })`
    test(`${name}, wanted and absent (${code}), is named with the line that installs it, and the command ends`, async () => {
      const { status, stdout, stderr } = await entrance({ words, env }, { name, does })
      assert.ok(status === 1 || status === 2, `ends with ${status}: ${stderr}`)
      assert.doesNotMatch(stdout, /MCP endpoint/)
      assert.ok(stderr.includes('beside entrance'), stderr)
      assert.ok(stderr.includes(`npm install ${install}`), stderr)
      assert.ok(!`${stdout}${stderr}`.includes(PASSWORD))
    })
  }
}

for (const [name, version] of [
  ['redis', '5.12.1'],
  ['ai', '6.0.326'],
  ['@ai-sdk/openai-compatible', '2.0.92'],
] as const) {
  test(`${name}, there in another version, is refused with both versions and the line that installs the right one`, async () => {
    const [asks] = PACKAGES.filter(({ install }) => install.includes(name))
    assert.ok(asks)
    const file = join(folder, 'package.json')
    writeFileSync(file, JSON.stringify({ version }))
    const { status, stderr } = await entrance(asks, {
      name: `${name}/package.json`,
      does: `return { url: '${pathToFileURL(file)}', format: 'json', shortCircuit: true }`,
    })
    assert.ok(status === 1 || status === 2, `ends with ${status}: ${stderr}`)
    assert.ok(stderr.includes(version), stderr)
    assert.ok(stderr.includes(`npm install ${asks.install}`), stderr)
  })
}

type Start = {
  readonly words: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/** Runs the command; where it loads the module of that name, something else comes about. */
function entrance({ words, env }: Start, { name, does }: { name: string; does: string }) {
  const hook = `import { registerHooks } from 'node:module'
registerHooks({
  resolve(name, context, next) {
    if (name === '${name}') { ${does} }
    return next(name, context)
  },
})`
  const preload = `data:text/javascript,${encodeURIComponent(hook)}`
  const options = {
    cwd: folder,
    // A command that goes on in spite of it is ended, and fails the test.
    timeout: 20_000,
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      PORT: '0',
      EMULATOR_PORT: '0',
      ENTRANCE_SECRET: 'not-a-secret-and-long-enough-to-be-one',
      ...env,
    },
  }
  const args = ['--import', preload, COMMAND, ...words]
  return new Promise<{ status: unknown; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, args, options, (error, stdout, stderr) =>
      resolve({ status: error === null ? 0 : error.code, stdout, stderr }),
    )
  })
}
