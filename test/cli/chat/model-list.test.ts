import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { resolveModel } from '../../../src/cli/chat/model.ts'
import { type ScriptedModelOptions, startScriptedModel } from '../../support/scripted-model.ts'
import { talk } from './talk.ts'

const { signal } = new AbortController()
const resolve = (env: Record<string, string>, model?: string) =>
  resolveModel(env, { model, signal, note: () => {} })

async function titleOf(
  models: ScriptedModelOptions['models'],
  env: (base: string) => Record<string, string>,
): Promise<string> {
  await using server = await startScriptedModel({ ...(models && { models }) })
  const { title } = await resolve(env(server.origin))
  return title.replace(new URL(server.origin).host, 'HOST')
}

const ollama = (base: string) => ({ OLLAMA_HOST: base })
const compatible = (base: string) => ({ OPENAI_BASE_URL: `${base}/v1` })

suite('where no model is named,', () => {
  test('Ollama’s first that can call tools is taken, and talked to', async () => {
    const models = { gemma: { tools: false }, 'qwen3:8b': { tools: true }, llama: { tools: true } }
    await using server = await startScriptedModel({ models })
    server.always({ text: 'Hello.' })
    const { text, model } = await talk(ollama(server.origin))
    assert.equal(text, 'Hello.')
    assert.match(model.title, /^qwen3:8b \(Ollama, 127\.0\.0\.1:\d+\)$/)
    assert.equal(server.requests[0]?.body.model, 'qwen3:8b')
    assert.equal(server.requests[0]?.headers.authorization, undefined)
  })

  test('an Ollama without any says how one is got', async () => {
    await assert.rejects(titleOf({}, ollama), { cure: 'Get one with: ollama pull qwen3' })
  })

  test('an Ollama whose models call no tools says which they are', async () => {
    const models = { gemma: { tools: false }, phi: { tools: false } }
    await assert.rejects(titleOf(models, ollama), /none can call tools: gemma, phi\./)
  })

  test('an Ollama that does not run says how it is started', async () => {
    const server = await startScriptedModel()
    await server.close()
    await assert.rejects(resolve(ollama(server.origin)), (error: Error & { cure?: string }) => {
      assert.match(error.message, /nothing listens there/)
      assert.match(error.cure ?? '', /ollama serve/)
      return true
    })
  })

  test('a server’s only one is taken', async () => {
    const title = await titleOf({ 'the-one': { tools: true } }, compatible)
    assert.equal(title, 'the-one (OpenAI-compatible, HOST)')
  })

  test('a server with several says which, and with none that there is no list', async () => {
    const models = { a: { tools: true }, b: { tools: true } }
    await assert.rejects(titleOf(models, compatible), { cure: 'Set it to one of: a, b' })
    await assert.rejects(titleOf({}, compatible), /has no list of models/)
  })

  test('what is not Ollama is told from one without a model', async () => {
    // It asks for a key, or has no such list.
    await using locked = await startScriptedModel({ keys: ['sk-1'] })
    await assert.rejects(resolve(ollama(locked.origin)), /wants a key/)
    await assert.rejects(resolve({ OLLAMA_HOST: `${locked.origin}/elsewhere` }), /wants a key/)
    await using other = await startScriptedModel()
    const elsewhere = { OLLAMA_HOST: `${other.origin}/elsewhere` }
    await assert.rejects(resolve(elsewhere), /does not answer as Ollama does \(404\)/)
  })

  test('a name that could not be one is passed over: it would be shown, and sent', async () => {
    const models = { 'a\u001b[2J': { tools: true }, good: { tools: true } }
    assert.equal(await titleOf(models, ollama), 'good (Ollama, HOST)')
  })

  test('the key goes along to the list', async () => {
    const models = { 'the-one': { tools: true } }
    await using server = await startScriptedModel({ models, keys: ['sk-1'] })
    const env = { ...compatible(server.origin), OPENAI_API_KEY: 'sk-1' }
    assert.match((await resolve(env)).title, /^the-one/)
  })
})

suite('what goes over the network by plain http', () => {
  test('is told before anything is said; on this machine it is nobody’s business', async () => {
    const { warning } = await resolve({ OLLAMA_HOST: '192.0.2.7' }, 'ollama/m')
    assert.match(String(warning), /goes to 192\.0\.2\.7:11434 by plain http/)
    assert.equal((await resolve({ OLLAMA_HOST: '[::1]' }, 'ollama/m')).warning, undefined)
    assert.equal(
      (await resolve({ OLLAMA_HOST: 'https://a.example' }, 'ollama/m')).warning,
      undefined,
    )
  })
})
