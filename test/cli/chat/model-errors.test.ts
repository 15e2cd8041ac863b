import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { suite, test } from 'node:test'
import { type ModelReply, refusal, startScriptedModel } from '../../support/scripted-model.ts'
import { talk } from './talk.ts'

const KEY = 'sk-proj-abcdefghijklmnop'

/** What the person is told where the model answers so. */
async function told(env: (base: string) => Record<string, string>, reply: ModelReply) {
  await using model = await startScriptedModel({ models: { m: { tools: true } } })
  model.always(reply)
  const { error } = await talk(env(model.origin))
  assert.ok(error, 'no error')
  assert.doesNotMatch(`${error.message}${error.cure}`, new RegExp(KEY))
  assert.ok(error.cure, error.message)
  return `${error.message}\n${error.cure}`
}

const openai = (base: string) => ({
  OPENAI_API_KEY: KEY,
  OPENAI_BASE_URL: `${base}/v1`,
  OPENAI_MODEL: 'm',
})
const azure = (base: string) => ({
  ...{ AZURE_OPENAI_ENDPOINT: base, AZURE_OPENAI_API_KEY: KEY, AZURE_OPENAI_DEPLOYMENT: 'm' },
})
const token = (base: string) => ({
  ...{ AZURE_OPENAI_ENDPOINT: base, AZURE_OPENAI_AD_TOKEN: KEY, AZURE_OPENAI_DEPLOYMENT: 'm' },
})
const ollama = (base: string) => ({ OLLAMA_HOST: base, OLLAMA_MODEL: 'm' })
const keyless = (base: string) => ({ OPENAI_BASE_URL: `${base}/v1`, OPENAI_MODEL: 'm' })

suite('a refusal is told by its cause:', () => {
  for (const [cause, env, reply, expected] of [
    [
      'a wrong key, which some servers repeat',
      openai,
      refusal(401, 'invalid_api_key', `Incorrect API key provided: ${KEY}. Or sk-proj-****mnop.`),
      /does not know the key in OPENAI_API_KEY\. It says: Incorrect API key provided: …\.? Or ….*\nCopy it again, and check that it is for 127\.0\.0\.1/s,
    ],
    [
      'no key',
      keyless,
      refusal(401, null, 'Missing bearer.'),
      /wants a key.*\nPut a key into OPENAI_API_KEY/s,
    ],
    [
      'a key of another resource',
      azure,
      refusal(401, '401', 'Access denied due to invalid subscription key or wrong API endpoint.'),
      /does not know the key in AZURE_OPENAI_API_KEY/,
    ],
    [
      'an account without the role',
      token,
      refusal(401, 'PermissionDenied', 'The principal lacks the required data action.'),
      /Your account may not use m .*the role 'Cognitive Services OpenAI User'/s,
    ],
    [
      'a token of another tenant',
      token,
      refusal(401, '401', 'Tenant provided in token does not match resource token.'),
      /does not know the key in AZURE_OPENAI_AD_TOKEN.*It says: Tenant provided in token/,
    ],
    [
      'a resource that takes no keys',
      azure,
      refusal(403, 'AuthenticationTypeDisabled', 'Key based authentication is disabled.'),
      /takes no keys.*\nUnset AZURE_OPENAI_API_KEY, and sign in with: az login/s,
    ],
    [
      'a network that is kept out',
      azure,
      refusal(403, '403', 'Access denied due to Virtual Network/Firewall rules.'),
      /does not let your network in/,
    ],
    [
      'a country or a project that is kept out',
      openai,
      refusal(403, 'unsupported', 'No.'),
      /may not be used by this account/,
    ],
    [
      'a deployment that is not there',
      azure,
      refusal(404, 'DeploymentNotFound', 'The API deployment for this resource does not exist.'),
      /is not there.*\nCheck AZURE_OPENAI_DEPLOYMENT: it is the name of the deployment, not of the model/s,
    ],
    [
      'a model that is not there',
      openai,
      refusal(404, 'model_not_found', 'The model `m` does not exist.'),
      /is not there.*\nCheck OPENAI_MODEL/s,
    ],
    [
      'a model that is not pulled',
      ollama,
      refusal(404, null, 'model "m" not found, try pulling it first'),
      /m \(Ollama, 127\.0\.0\.1:\d+\) is not there.*\nGet it with: ollama pull m$/s,
    ],
    [
      'an address without its path',
      openai,
      refusal(404, null, 'Not Found'),
      /no model behind .*\/v1\/chat\/completions.*ends in \/v1$/s,
    ],
    [
      'the same, said with 200',
      keyless,
      { status: 200, body: { error: 'Unexpected endpoint or method.' } },
      /It says: Unexpected endpoint or method\.\nCheck the address: with most servers it ends in \/v1$/,
    ],
    [
      'an account without money',
      openai,
      refusal(429, 'insufficient_quota', 'You exceeded your current quota.'),
      /has nothing left to spend/,
    ],
    [
      'too many requests',
      openai,
      refusal(429, 'rate_limit_exceeded', 'Slow.', { 'retry-after': '99' }),
      /enough requests for now.*\nAsk again in 99 s/s,
    ],
    [
      'a conversation that is too long',
      openai,
      refusal(400, 'context_length_exceeded', 'This model’s maximum context length is 8192.'),
      /has become too long/,
    ],
    [
      'a content filter',
      azure,
      refusal(400, 'content_filter', 'The response was filtered.'),
      /content filter in front of m \(Azure OpenAI, .*\) has stopped this/,
    ],
    [
      'a model without tools',
      ollama,
      refusal(400, null, 'registry.ollama.ai/library/gemma:2b does not support tools'),
      /cannot call tools.*\nTake one that can, such as: ollama pull qwen3/s,
    ],
    [
      'a model of another protocol',
      openai,
      refusal(
        404,
        null,
        'This model is only supported in v1/responses and not in /v1/chat/completions.',
      ),
      /by another protocol only/,
    ],
    [
      'a machine that is too small',
      ollama,
      {
        status: 500,
        body: { error: 'model requires more system memory (9.9 GiB) than is available' },
      },
      /does not fit into the memory/,
    ],
    [
      'something else',
      openai,
      refusal(400, null, 'Invalid value: temperature.'),
      /refuses the request \(400\)\. It says: Invalid value: temperature\./,
    ],
  ] as const) {
    test(cause, async () => assert.match(await told(env, reply), expected))
  }
})

suite('what a server says', () => {
  test('moves no cursor, is on one line, and is short', async () => {
    const words = `\u001b[2J\u202eodd\n${'x'.repeat(5000)}`
    const text = await told(openai, refusal(400, null, words))
    assert.ok(!text.includes('\u001b') && !text.includes('\u202e'))
    assert.equal(text.split('\n').length, 2)
    assert.ok(text.length < 700)
  })

  test('is read in other shapes too', async () => {
    for (const body of [
      { error: 'these words' },
      { message: 'these words' },
      { detail: 'these words' },
      [{ error: { message: 'these words' } }],
    ]) {
      assert.match(await told(openai, { status: 400, body }), /It says: these words/)
    }
  })

  test('never shows the key, whatever it looks like', async () => {
    const key = 'e3b0c44298fc1c149afbf4c8996fb924'
    const text = await told(
      (base) => ({ ...azure(base), AZURE_OPENAI_API_KEY: key }),
      refusal(401, '401', `The key ${key} is of another resource.`),
    )
    assert.match(text, /It says: The key … is of another resource\./)
  })

  test('never shows a token that it repeats', async () => {
    const jwt = `eyJ${'a'.repeat(40)}.eyJ${'b'.repeat(40)}.${'c'.repeat(40)}`
    const text = await told(openai, refusal(400, null, `Bad: ${jwt} and ghp_${'d'.repeat(36)}`))
    assert.match(text, /It says: Bad: … and …/)
  })
})

suite('nobody there', () => {
  test('is told, with how Ollama is started', async () => {
    const base = await closedPort()
    const { error, notes } = await talk(ollama(base))
    assert.match(
      String(error?.message),
      /Cannot reach http:\/\/127\.0\.0\.1:\d+: nothing listens there/,
    )
    assert.match(String(error?.cure), /ollama serve/)
    assert.deepEqual(notes, [])
  })

  test('is told of any other without Ollama', async () => {
    const { error } = await talk(openai(await closedPort()))
    assert.match(String(error?.message), /nothing listens there/)
    assert.doesNotMatch(String(error?.cure), /ollama/i)
  })

  test('is told of one that cuts the connection each time, after a second and a third attempt', async () => {
    const server = createServer((socket) => socket.destroy())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    try {
      const { error, notes } = await talk(openai(`http://127.0.0.1:${port}`))
      assert.match(String(error?.message), /the connection was cut/)
      assert.equal(notes.length, 2)
    } finally {
      server.close()
    }
  })
})

async function closedPort(): Promise<string> {
  const model = await startScriptedModel()
  await model.close()
  return model.origin
}
