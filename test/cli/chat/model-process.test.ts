import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { after, suite, test } from 'node:test'
import { promisify } from 'node:util'
import { createCertificate } from '../../support/certificate.ts'
import { startForwardProxy } from '../../support/forward-proxy.ts'
import { startScriptedModel } from '../../support/scripted-model.ts'
import type { Asked } from './ask.ts'

const folder = mkdtempSync(join(tmpdir(), 'entrance-model-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/** Runs `ask.ts` in a folder of its own, with these variables and nothing else. */
async function ask(
  env: Record<string, string>,
  { dotEnv, words = [] }: { dotEnv?: Record<string, string>; words?: readonly string[] } = {},
): Promise<Asked> {
  const cwd = mkdtempSync(join(folder, 'cwd-'))
  const lines = Object.entries(dotEnv ?? {}).map(([name, value]) => `${name}=${value}\n`)
  if (dotEnv) writeFileSync(join(cwd, '.env'), lines.join(''))
  const file = join(import.meta.dirname, 'ask.ts')
  const options = { cwd, env: { PATH: '/usr/bin:/bin', ...env }, timeout: 60_000 }
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [...words, file], options)
  // The libraries have warnings of their own to give, which are none of the person's.
  assert.equal(stderr, '')
  return JSON.parse(stdout)
}

const KEY = 'sk-a-key'

suite('a folder’s .env', () => {
  test('may hold an address and its key', async () => {
    await using model = await startScriptedModel({ keys: [KEY] })
    model.always({ text: 'Hello.' })
    const dotEnv = { OPENAI_BASE_URL: model.url, OPENAI_API_KEY: KEY, OPENAI_MODEL: 'other' }
    assert.equal((await ask({ OPENAI_MODEL: 'm' }, { dotEnv })).text, 'Hello.')
    // What is set stays.
    assert.equal(model.requests[0]?.body.model, 'm')
  })

  test('cannot lead to a proxy of its choice and have any certificate taken there', async () => {
    const host = 'contoso.openai.azure.com'
    const tls = await createCertificate([host])
    await using model = await startScriptedModel({ tls })
    await using proxy = await startForwardProxy()
    model.always({ text: 'Got your key.' })
    const address = `https://${host}:${new URL(model.origin).port}`
    const env = {
      ...{ AZURE_OPENAI_ENDPOINT: address, AZURE_OPENAI_API_KEY: KEY },
      AZURE_OPENAI_DEPLOYMENT: 'm',
    }
    const dotEnv = { HTTPS_PROXY: proxy.url, NODE_TLS_REJECT_UNAUTHORIZED: '0' }
    const { text, message } = await ask(env, { dotEnv })
    assert.equal(text, undefined)
    assert.match(String(message), /its certificate/)
    assert.deepEqual(model.asked, [])
  })
})

test('behind a company’s proxy and with its authority, whoever is signed in to Azure reaches a model', async () => {
  const host = 'contoso.openai.azure.com'
  const tls = await createCertificate([host])
  const token = `e30.${Buffer.from('{"exp":99999999999}').toString('base64url')}.c2ln`
  await using model = await startScriptedModel({ tls, keys: [token] })
  await using proxy = await startForwardProxy()
  model.always({ text: 'Hello.' })
  const caFile = join(folder, 'ca.pem')
  writeFileSync(caFile, tls.cert)
  const bin = mkdtempSync(join(folder, 'bin-'))
  const answer = JSON.stringify({ accessToken: token })
  writeFileSync(join(bin, 'az'), `#!/bin/sh\necho '${answer}'\n`, { mode: 0o700 })
  const address = `https://${host}:${new URL(model.origin).port}`
  const env = {
    PATH: `${bin}${delimiter}/usr/bin:/bin`,
    ...{ HTTPS_PROXY: proxy.url, NODE_EXTRA_CA_CERTS: caFile },
    ...{ AZURE_OPENAI_ENDPOINT: address, AZURE_OPENAI_DEPLOYMENT: 'chat' },
  }
  const { text, title, warning } = await ask(env)
  assert.equal(text, 'Hello.')
  assert.equal(title, `chat (Azure OpenAI, ${new URL(address).host})`)
  assert.equal(warning, undefined)
  assert.deepEqual(proxy.connected, [new URL(address).host])
  assert.equal(model.requests[0]?.path, '/openai/v1/chat/completions')
  assert.equal(model.requests[0]?.headers['api-key'], undefined)

  const untrusted = await ask({ ...env, NODE_EXTRA_CA_CERTS: '' })
  assert.match(String(untrusted.message), /its certificate.*NODE_EXTRA_CA_CERTS/)
})

test('without the packages that chatting takes, the line that installs them is told', async () => {
  const hook = join(folder, 'without.mjs')
  writeFileSync(
    hook,
    `import { registerHooks } from 'node:module'
registerHooks({
  resolve(name, context, next) {
    const isHidden = name === '@ai-sdk/openai-compatible' && /chat.model/.test(context.parentURL)
    if (isHidden) throw Object.assign(new Error(name), { code: 'ERR_MODULE_NOT_FOUND' })
    return next(name, context)
  },
})`,
  )
  const { message, cure } = await ask({ OLLAMA_MODEL: 'm' }, { words: ['--import', hook] })
  assert.match(String(message), /packages that are not installed/)
  assert.match(String(cure), /npm install ai@\S+ @ai-sdk\/openai-compatible@\S+/)
})
