import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { createTokenSource } from '../../../src/cli/chat/model-token.ts'
import { startScriptedModel } from '../../support/scripted-model.ts'
import { talk } from './talk.ts'

const RESOURCE = 'https://cognitiveservices.azure.com'
const folder = mkdtempSync(join(tmpdir(), 'entrance-model-token-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/** A folder with programs that do so, and take down how they were called. */
function programs(bodies: Readonly<Record<string, string>>): string {
  const path = mkdtempSync(join(folder, 'bin-'))
  for (const [name, body] of Object.entries(bodies)) {
    const text = `#!/bin/sh\necho "${name} $*" >> "${path}/calls"\n${body}\n`
    writeFileSync(join(path, name), text, { mode: 0o700 })
  }
  return path
}

const callsOf = (path: string) => readFileSync(join(path, 'calls'), 'utf8').trim().split('\n')
const tokenUntil = (time: number, name = '') => {
  const claims = JSON.stringify({ exp: Math.floor(time / 1000), name })
  return `e30.${Buffer.from(claims).toString('base64url')}.c2ln`
}
const givesAz = (token: string) => `echo '${JSON.stringify({ accessToken: token })}'`
const refuses = (text: string) => `echo "${text}" >&2\nexit 1`
const sourceOf = (path: string, signal = new AbortController().signal) =>
  createTokenSource(RESOURCE, { PATH: `${path}:/usr/bin:/bin` }, signal)

suite('a token of whoever is signed in', () => {
  test('is asked of az for Azure’s models, once for all who need it', async () => {
    const token = tokenUntil(Date.now() + 3_600_000)
    const path = programs({ az: givesAz(token) })
    const source = sourceOf(path)
    assert.deepEqual(await Promise.all([source(), source(), source()]), [token, token, token])
    assert.equal(await source(), token)
    assert.deepEqual(callsOf(path), [
      `az account get-access-token --output json --resource ${RESOURCE}`,
    ])
  })

  test('is asked for again when it is about to end', async () => {
    const path = programs({ az: givesAz(tokenUntil(Date.now() + 200_000)) })
    const source = sourceOf(path)
    await source()
    await source()
    assert.equal(callsOf(path).length, 2)
  })

  test('is azd’s where az has none', async () => {
    const token = tokenUntil(Date.now() + 3_600_000)
    const az = refuses('Please run az login to setup account.')
    const path = programs({ az, azd: `echo '${JSON.stringify({ token })}'` })
    assert.equal(await sourceOf(path)(), token)
    assert.match(
      callsOf(path)[1] ?? '',
      /^azd auth token .*--scope https:\/\/cognitiveservices\.azure\.com\/\.default$/,
    )
  })

  test('that nobody has is told, with each program’s words and every way in', async () => {
    const path = programs({ az: refuses('Please run az login to setup account.') })
    await assert.rejects(sourceOf(path)(), (error: Error & { cure?: string }) => {
      assert.match(
        error.message,
        /^Nobody is signed in to Azure OpenAI\.\n.*Please run az login.*\n.*azd is not installed/,
      )
      assert.match(error.cure ?? '', /az login.*\nOr put a key into AZURE_OPENAI_API_KEY/)
      return true
    })
  })

  test('that could not stand in a header is not sent', async () => {
    const az = `printf '{"accessToken":"a\\\\nb"}'`
    await assert.rejects(sourceOf(programs({ az }))(), /no usable token/)
  })

  test('is no longer waited for at Ctrl-C', async () => {
    const path = programs({ az: 'sleep 30', azd: 'sleep 30' })
    const interrupt = new AbortController()
    const asked = sourceOf(path, interrupt.signal)()
    interrupt.abort()
    await assert.rejects(asked, { name: 'AbortError' })
  })

  test('goes to the model, and no key with it', async () => {
    await using model = await startScriptedModel()
    model.always({ text: 'Hello.' })
    const path = programs({ az: givesAz(tokenUntil(Date.now() + 3_600_000)) })
    const env = {
      ...{ AZURE_OPENAI_ENDPOINT: model.origin, AZURE_OPENAI_DEPLOYMENT: 'chat' },
      PATH: `${path}:/usr/bin:/bin`,
    }
    assert.equal((await talk(env)).text, 'Hello.')
    assert.match(String(model.requests[0]?.headers.authorization), /^Bearer e30\./)
    assert.equal(model.requests[0]?.headers['api-key'], undefined)
    assert.equal(model.requests[0]?.body.model, 'chat')
  })

  test('that cannot be had is what the person is told of the talk', async () => {
    await using model = await startScriptedModel()
    const env = {
      ...{ AZURE_OPENAI_ENDPOINT: model.origin, AZURE_OPENAI_DEPLOYMENT: 'chat' },
      PATH: '/nowhere',
    }
    const { error } = await talk(env)
    assert.match(String(error?.message), /Nobody is signed in to Azure OpenAI/)
    assert.deepEqual(model.asked, [])
  })
})
