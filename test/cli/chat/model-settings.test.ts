import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { ModelSettings } from '../../../src/cli/chat/model-providers.ts'
import { resolveModelSettings } from '../../../src/cli/chat/model-settings.ts'
import { ConfigError } from '../../../src/core/errors.ts'

type Env = Record<string, string>

const AZURE = {
  AZURE_OPENAI_ENDPOINT: 'https://contoso.openai.azure.com',
  AZURE_OPENAI_API_KEY: 'the-azure-key',
  AZURE_OPENAI_DEPLOYMENT: 'chat',
}

/** What the person is told of these variables. */
function fault(env: Env, model?: string): string {
  try {
    resolveModelSettings(env, model)
  } catch (error) {
    if (error instanceof ConfigError) {
      return error.problems.map((one) => `${one.option} ${one.problem} ${one.cure}`).join('\n')
    }
    const { message, cure } = error as Error & { cure?: string }
    return `${message}\n${cure}`
  }
  return assert.fail('nothing was wrong')
}

const summary = ({ provider, base, name, key }: ModelSettings) => {
  const shown = key?.kind === 'entra' ? key.resource : key && `${key.kind} ${key.value}`
  return [provider, base, name, shown]
}

suite('the model is of the provider', () => {
  const all = {
    ...AZURE,
    ...{
      OPENAI_API_KEY: 'sk-1',
      OPENAI_BASE_URL: 'https://models.example.com/v1',
      OPENAI_MODEL: 'o',
    },
    ...{ GITHUB_TOKEN: 'ghp_1', GITHUB_MODEL: 'openai/g', OLLAMA_MODEL: 'qwen3' },
  }
  const without = (env: Env, ...names: readonly string[]) =>
    Object.fromEntries(Object.entries(env).filter(([name]) => !names.includes(name)))
  const noAzure = without(all, ...Object.keys(AZURE))
  const noAddress = without(noAzure, 'OPENAI_BASE_URL')
  const noOpenAI = without(noAddress, 'OPENAI_API_KEY', 'OPENAI_MODEL')

  for (const [title, env, model, expected] of [
    [
      'that comes first of all that are set: Azure',
      all,
      undefined,
      ['azure', 'https://contoso.openai.azure.com/openai/v1', 'chat', 'api-key the-azure-key'],
    ],
    [
      'that comes second: the address of a compatible one',
      noAzure,
      undefined,
      ['compatible', 'https://models.example.com/v1', 'o', 'bearer sk-1'],
    ],
    [
      'that comes third: OpenAI',
      noAddress,
      undefined,
      ['openai', 'https://api.openai.com/v1', 'o', 'bearer sk-1'],
    ],
    [
      'that comes fourth: GitHub, whose model is named',
      noOpenAI,
      undefined,
      ['github', 'https://models.github.ai/inference', 'openai/g', 'bearer ghp_1'],
    ],
    [
      'that comes last: Ollama',
      { GITHUB_TOKEN: 'ghp_1', OLLAMA_MODEL: 'qwen3' },
      undefined,
      ['ollama', 'http://127.0.0.1:11434/v1', 'qwen3', undefined],
    ],
    [
      'that ENTRANCE_MODEL names',
      { ...all, ENTRANCE_MODEL: 'ollama' },
      undefined,
      ['ollama', 'http://127.0.0.1:11434/v1', 'qwen3', undefined],
    ],
    [
      'that --model names, which beats ENTRANCE_MODEL',
      { ...noAddress, ENTRANCE_MODEL: 'ollama' },
      'OpenAI/gpt-x',
      ['openai', 'https://api.openai.com/v1', 'gpt-x', 'bearer sk-1'],
    ],
    [
      'that is named with a model, whose name may have slashes',
      all,
      'github/meta/llama-4',
      ['github', 'https://models.github.ai/inference', 'meta/llama-4', 'bearer ghp_1'],
    ],
    [
      'that is named, its model left to the server',
      { ...all, OLLAMA_MODEL: '' },
      'ollama',
      ['ollama', 'http://127.0.0.1:11434/v1', undefined, undefined],
    ],
    [
      'of OpenAI with a model of its own where none is named',
      { OPENAI_API_KEY: 'sk-1' },
      undefined,
      ['openai', 'https://api.openai.com/v1', 'gpt-6-luna', 'bearer sk-1'],
    ],
    [
      'of OpenAI at the address that all that speaks to OpenAI goes to',
      noAzure,
      'openai',
      ['openai', 'https://models.example.com/v1', 'o', 'bearer sk-1'],
    ],
    [
      'of an address without a key',
      { OPENAI_BASE_URL: 'http://localhost:1234/v1/' },
      undefined,
      ['compatible', 'http://localhost:1234/v1', undefined, undefined],
    ],
  ] as const) {
    test(title, () => assert.deepEqual(summary(resolveModelSettings(env, model)), expected))
  }

  test('no: a lone token of GitHub’s, which is there for other ends, chooses nothing', () => {
    assert.match(fault({ GITHUB_TOKEN: 'ghp_1' }), /^No model is configured/)
  })
})

suite('without a model', () => {
  test('every provider’s variables are named, and the way that costs nothing', () => {
    const text = fault({})
    for (const name of [
      'AZURE_OPENAI_ENDPOINT',
      'AZURE_OPENAI_DEPLOYMENT',
      'AZURE_OPENAI_API_KEY',
      'OPENAI_API_KEY',
      'OPENAI_BASE_URL',
      'OPENAI_MODEL',
      'OLLAMA_MODEL',
      'OLLAMA_HOST',
    ]) {
      assert.ok(text.includes(name), name)
    }
    assert.match(text, /\$ ollama pull qwen3\n.*chat --model ollama\/qwen3$/)
  })

  test('empty variables are as none', () => {
    const names = ['ENTRANCE_MODEL', 'AZURE_OPENAI_ENDPOINT', 'OPENAI_API_KEY', 'OLLAMA_HOST']
    assert.match(fault(Object.fromEntries(names.map((name) => [name, '']))), /^No model/)
  })
})

suite('Azure’s address', () => {
  for (const [given, base] of [
    ['https://contoso.openai.azure.com/', 'https://contoso.openai.azure.com/openai/v1'],
    ['https://contoso.openai.azure.com/openai/v1/', 'https://contoso.openai.azure.com/openai/v1'],
    [
      'https://contoso.openai.azure.com/openai/deployments/chat/chat/completions',
      'https://contoso.openai.azure.com/openai/v1',
    ],
    [
      'https://contoso.cognitiveservices.azure.com',
      'https://contoso.cognitiveservices.azure.com/openai/v1',
    ],
    [
      'https://contoso.services.ai.azure.com/api/projects/p',
      'https://contoso.services.ai.azure.com/openai/v1',
    ],
    ['https://contoso.openai.azure.us', 'https://contoso.openai.azure.us/openai/v1'],
    ['https://gateway.example.com/models/', 'https://gateway.example.com/models/openai/v1'],
    ['https://gateway.example.com/models/openai', 'https://gateway.example.com/models/openai/v1'],
    ['http://127.0.0.1:4000', 'http://127.0.0.1:4000/openai/v1'],
  ] as const) {
    test(`${given} comes to ${base}`, () => {
      const env = { ...AZURE, AZURE_OPENAI_ENDPOINT: given }
      assert.equal(resolveModelSettings(env).base, base)
    })
  }

  for (const name of [
    'AZURE_OPENAI_CHAT_DEPLOYMENT',
    'AZURE_OPENAI_DEPLOYMENT_NAME',
    'AZURE_OPENAI_CHAT_DEPLOYMENT_NAME',
  ]) {
    test(`goes with a deployment of ${name} too`, () => {
      const env = { ...AZURE, AZURE_OPENAI_DEPLOYMENT: '', [name]: 'other' }
      assert.equal(resolveModelSettings(env).name, 'other')
    })
  }
})

suite('without a key, a sign-in to Azure', () => {
  const at = (endpoint: string) => ({
    ...AZURE,
    ...{ AZURE_OPENAI_API_KEY: '', AZURE_OPENAI_ENDPOINT: endpoint },
  })
  for (const [endpoint, resource] of [
    ['https://contoso.openai.azure.com', 'https://cognitiveservices.azure.com'],
    ['https://contoso.cognitiveservices.azure.com', 'https://cognitiveservices.azure.com'],
    ['https://contoso.services.ai.azure.com', 'https://cognitiveservices.azure.com'],
    ['https://contoso.openai.azure.us', 'https://cognitiveservices.azure.us'],
    ['http://localhost:4000', 'https://cognitiveservices.azure.com'],
  ] as const) {
    test(`is for ${resource} at ${endpoint}`, () => {
      assert.deepEqual(resolveModelSettings(at(endpoint)).key, { kind: 'entra', resource })
    })
  }

  for (const endpoint of [
    'https://attacker.example',
    'https://contoso.openai.azure.com.attacker.example',
    'https://openai.azure.com.attacker.example',
    'https://contoso.openai.azure.com@attacker.example',
    'https://attackeropenai.azure.com',
    'https://contoso.openai.azure.com.',
    'https://a.b.openai.azure.com',
    'http://contoso.openai.azure.com',
  ]) {
    test(`is shown to nobody else: ${endpoint}`, () => {
      assert.match(fault(at(endpoint)), /is shown to no other|user name or password|is plain http/)
    })
  }
})

suite('OLLAMA_HOST is taken as Ollama takes it:', () => {
  for (const [given, base] of [
    ['', 'http://127.0.0.1:11434/v1'],
    ['localhost', 'http://localhost:11434/v1'],
    ['192.0.2.7', 'http://192.0.2.7:11434/v1'],
    ['192.0.2.7:8080', 'http://192.0.2.7:8080/v1'],
    [':8080', 'http://127.0.0.1:8080/v1'],
    ['0.0.0.0', 'http://127.0.0.1:11434/v1'],
    ['0.0.0.0:8080', 'http://127.0.0.1:8080/v1'],
    ['::1', 'http://[::1]:11434/v1'],
    ['[::1]:8080', 'http://[::1]:8080/v1'],
    ['[::]:8080', 'http://[::1]:8080/v1'],
    ['::', 'http://[::1]:11434/v1'],
    ['http://gpu.example.com', 'http://gpu.example.com/v1'],
    ['https://gpu.example.com/', 'https://gpu.example.com/v1'],
    ['https://gpu.example.com:8443/ollama/', 'https://gpu.example.com:8443/ollama/v1'],
    [' "localhost:8080" ', 'http://localhost:8080/v1'],
  ] as const) {
    test(`${given || 'none'} is ${base}`, () => {
      assert.equal(resolveModelSettings({ OLLAMA_HOST: given }, 'ollama/m').base, base)
    })
  }
})

suite('what is wrong is told, each by its own text:', () => {
  const gpt = (url: string) => ({ OPENAI_BASE_URL: url, OPENAI_API_KEY: 'sk-1', OPENAI_MODEL: 'm' })
  for (const [env, expected, model] of [
    [
      { ENTRANCE_MODEL: 'azur/chat' },
      /ENTRANCE_MODEL: 'azur' is not a provider of models\.\nIs azure meant\? Write <provider>\/<model>/,
    ],
    [
      {},
      /--model: 'gpt-4\.1' is not a provider.*one of azure, compatible, openai, github, ollama/s,
      'gpt-4.1',
    ],
    [{}, /--model names no model after openai\//, 'openai/'],
    [{}, /--model names no model after openai\//, 'openai/a b'],
    [
      { AZURE_OPENAI_API_KEY: 'k' },
      /AZURE_OPENAI_ENDPOINT is not set\. Set it to https:.*\nAZURE_OPENAI_DEPLOYMENT is not set/,
    ],
    [
      { ...AZURE, AZURE_OPENAI_DEPLOYMENT: '' },
      /AZURE_OPENAI_DEPLOYMENT is not set\. .*--model azure\/<name>/,
    ],
    [
      { ...AZURE, AZURE_OPENAI_DEPLOYMENT: 'my model' },
      /AZURE_OPENAI_DEPLOYMENT is not the name of a model/,
    ],
    [
      { ...AZURE, AZURE_OPENAI_ENDPOINT: 'contoso' },
      /AZURE_OPENAI_ENDPOINT is not an address\. Write it as https/,
    ],
    [{ ...AZURE, AZURE_OPENAI_ENDPOINT: ' ' }, /AZURE_OPENAI_ENDPOINT is blank/],
    [{ ...AZURE, AZURE_OPENAI_API_KEY: '  ' }, /AZURE_OPENAI_API_KEY is blank/],
    [
      { ...AZURE, AZURE_OPENAI_API_KEY: 'a\nb' },
      /AZURE_OPENAI_API_KEY has blanks or characters that no header carries/,
    ],
    [
      { ...AZURE, AZURE_OPENAI_ENDPOINT: 'https://c.openai.azure.com/openai?api-version=1' },
      /has a query/,
    ],
    [
      gpt('https://user:pass@models.example.com/v1'),
      /OPENAI_BASE_URL has a user name or password in it/,
    ],
    [gpt('https://models.example.com/v1#x'), /has a fragment/],
    [
      gpt('http://models.example.com/v1'),
      /is plain http to models\.example\.com: .* Use https:\/\/models\.example\.com; /,
    ],
    [gpt('ftp://models.example.com'), /is not an address/],
    [{}, /OPENAI_API_KEY is not set/, 'openai/m'],
    [{}, /OPENAI_BASE_URL is not set/, 'compatible/m'],
    [{}, /GITHUB_TOKEN is not set.*\nGITHUB_MODEL is not set/, 'github'],
    [{ OLLAMA_HOST: 'localhost:99999' }, /OLLAMA_HOST is not an address/, 'ollama/m'],
    [{ OLLAMA_HOST: 'http://u:p@localhost' }, /OLLAMA_HOST has a user name/, 'ollama/m'],
    [
      { ENTRANCE_MODEL_TIMEOUT: 'soon' },
      /ENTRANCE_MODEL_TIMEOUT is not a whole number/,
      'ollama/m',
    ],
    [{ ENTRANCE_MODEL_TIMEOUT: '301' }, /from 1 to 300/, 'ollama/m'],
  ] as const) {
    test(`${JSON.stringify(env)} ${model ?? ''}`, () => {
      const text = fault(env as Env, model)
      assert.match(text, expected)
      assert.doesNotMatch(text, /user:pass|u:p@|sk-1|the-azure-key/)
    })
  }

  test('a key that stands where the provider should is not repeated', () => {
    for (const key of ['sk-proj-abcdef', 'ghp_abcdef', `github_pat_${'x'.repeat(40)}`]) {
      assert.ok(!fault({ ENTRANCE_MODEL: key }).includes(key))
    }
  })

  test('all of it at once', () => {
    const env = {
      AZURE_OPENAI_ENDPOINT: 'x',
      AZURE_OPENAI_API_KEY: ' ',
      ENTRANCE_MODEL_TIMEOUT: '0',
    }
    assert.equal(fault(env).split('\n').length, 4)
  })
})
