import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { keyVaultSource, resolveKeyVault } from '../../src/cli/key-vault.ts'
import { createVaultApi } from '../../src/cli/key-vault-api.ts'
import { createCredential } from '../../src/core/entra/credentials/credential.ts'
import { createKeyring, keyIdOf } from '../../src/core/keys/keyring.ts'
import { ConfigError, type ConfigProblem } from '../../src/index.ts'
import { CLIENT, type KeyVault, startKeyVault } from '../support/key-vault.ts'

const [ONE, TWO, THREE] = ['1', '2', '3'].map((digit) => digit.repeat(43)) as [
  string,
  string,
  string,
]
const START = Date.UTC(2026, 0, 1) / 1000
const HOUR = 3600

suite('the keys of a vault', () => {
  test('are the enabled versions of the secret, the newest first, whatever the order and the pages', async (t) => {
    await using vault = await startKeyVault({ pageSize: 2 })
    vault.add('a', ONE, { created: START })
    vault.add('c', THREE, { created: START + 2 * HOUR })
    vault.add('off', 'x'.repeat(43), { created: START + 3 * HOUR, enabled: false })
    vault.add('b', TWO, { created: START + HOUR })
    const { keys } = await open(vault)
    assert.deepEqual(
      keys.map(({ secret }) => secret),
      [THREE, TWO, ONE],
    )
    t.mock.timers.enable({ apis: ['Date'], now: (START + 2 * HOUR + 299) * 1000 })
    const keyring = createKeyring(keys)
    assert.equal(keyring.current.id, keyIdOf(TWO), 'the newest is known before it is used')
    t.mock.timers.setTime((START + 2 * HOUR + 300) * 1000)
    assert.equal(keyring.current.id, keyIdOf(THREE))
  })

  test('are used from the activation date on where a version has one', async () => {
    await using vault = await startKeyVault()
    vault.add('a', ONE, { created: START, nbf: START + HOUR })
    const { keys } = await open(vault)
    assert.deepEqual(keys, [{ secret: ONE, activeFrom: (START + HOUR) * 1000 }])
  })

  test('are followed: a version that is added is taken up, one that is disabled is let go', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] })
    await using vault = await startKeyVault()
    vault.add('a', ONE, { created: START })
    const source = await open(vault)
    const keyring = createKeyring(source.keys)
    const told = Promise.withResolvers<void>()
    const next = { ...told }
    const stop = source.watch({
      changed(keys) {
        keyring.update(keys)
        next.resolve()
      },
      failed: (error) => next.reject(error),
    })
    const look = async () => {
      Object.assign(next, Promise.withResolvers<void>())
      t.mock.timers.tick(60_000)
      await next.promise
    }
    vault.add('b', TWO, { created: START + HOUR })
    await look()
    assert.deepEqual(
      keyring.keys.map(({ id }) => id),
      [TWO, ONE].map(keyIdOf),
    )
    vault.disable('a')
    await look()
    assert.equal(keyring.find(keyIdOf(ONE)), undefined)
    vault.state.isAway = true
    await assert.rejects(look(), /cannot be read: it answers with status 503/)
    assert.equal(keyring.current.id, keyIdOf(TWO))
    stop()
  })

  test('are read with one token, and each value once', async () => {
    await using vault = await startKeyVault()
    vault.add('a', ONE, { created: START })
    vault.add('b', TWO, { created: START + HOUR })
    await open(vault)
    assert.equal(vault.state.tokens, 1)
    assert.deepEqual(vault.state.values, ['b', 'a'])
  })

  test('are waited for at the start while the vault is away for a moment', async () => {
    await using vault = await startKeyVault()
    vault.add('a', ONE, { created: START })
    vault.state.isAway = true
    const waits: number[] = []
    const wait = async (milliseconds: number) => {
      waits.push(milliseconds)
      vault.state.isAway = waits.length < 2
    }
    assert.equal((await open(vault, { wait })).keys.length, 1)
    assert.deepEqual(waits, [1000, 2000])
  })
})

suite('a vault that cannot be read', () => {
  for (const [what, change, told] of [
    ['that refuses the application', { isForbidden: true }, /status 403, Caller is not authorized/],
    ['for which Entra gives no token', { isUnknownClient: true }, /no token for it: AADSTS7000215/],
  ] as const) {
    test(`${what} is a fault of the configuration, and says what to do`, async () => {
      await using vault = await startKeyVault()
      vault.add('a', ONE, { created: START })
      Object.assign(vault.state, change)
      const error = await open(vault).catch((error: unknown) => error)
      assert.ok(error instanceof ConfigError)
      assert.match(error.message, told)
      assert.match(error.message, /Key Vault Secrets User/)
      assert.ok(!error.message.includes(CLIENT.secret))
    })
  }

  test('and one without the secret, or without a good version of it, are told apart', async () => {
    await using vault = await startKeyVault()
    await assert.rejects(open(vault), /status 404, .*not found/i)
    vault.add('a', 'short', { created: START })
    await assert.rejects(open(vault), /has a version of 5 characters; 32 or more are expected/)
    vault.disable('a')
    await assert.rejects(open(vault), /has no version that is enabled/)
  })
})

suite('somebody who answers in the place of a vault', () => {
  test('gets no token that is good elsewhere, whatever resource the challenge names', async () => {
    await using vault = await startKeyVault()
    vault.add('a', ONE, { created: START })
    const foreign = [
      'https://management.azure.com',
      'https://evil.example',
      'http://vault.test',
      '',
    ]
    for (const resource of foreign) {
      vault.state.resource = resource
      await assert.rejects(open(vault), /asks for a token that is for another service/)
    }
    assert.equal(vault.state.tokens, 0)
  })

  test('does not get the credential by naming another login host', async () => {
    await using vault = await startKeyVault()
    vault.add('a', ONE, { created: START })
    vault.state.authorization = 'https://evil.example/tenant'
    assert.equal((await open(vault)).keys.length, 1)
  })

  test('does not lead the token to another host, by a next page or by a redirect', async () => {
    await using vault = await startKeyVault({ pageSize: 1 })
    vault.add('a', ONE, { created: START })
    vault.add('b', TWO, { created: START })
    vault.state.nextLink = 'https://evil.example/secrets/entrance/versions'
    await assert.rejects(open(vault), /leads to another host/)
    vault.state.nextLink = undefined
    vault.state.location = 'https://evil.example/'
    await assert.rejects(open(vault, { wait: async () => {} }), /is not answering/)
  })
})

test('ENTRANCE_SECRET names a secret of a vault by its https address, and no version of it', () => {
  const read = (text: string) => {
    const problems: ConfigProblem[] = []
    return resolveKeyVault(text, problems) ?? problems.map(({ problem }) => problem).join()
  }
  assert.deepEqual(read('keyvault:https://contoso.vault.azure.net/secrets/entrance'), {
    origin: 'https://contoso.vault.azure.net',
    name: 'entrance',
  })
  const version = 'keyvault:https://contoso.vault.azure.net/secrets/entrance/0123456789abcdef'
  assert.match(String(read(version)), /names one version/)
  for (const text of [
    'keyvault:',
    'keyvault:contoso',
    'keyvault:http://contoso.vault.azure.net/secrets/entrance',
    'keyvault:https://user:word@contoso.vault.azure.net/secrets/entrance',
    'keyvault:https://contoso.vault.azure.net/keys/entrance',
    'keyvault:https://contoso.vault.azure.net/secrets/',
    'keyvault:https://contoso.vault.azure.net/secrets/a_b',
    'keyvault:https://contoso.vault.azure.net/secrets/entrance?x=1',
  ]) {
    assert.equal(read(text), 'names no secret of a key vault.', text)
  }
  const problems: ConfigProblem[] = []
  assert.equal(resolveKeyVault('a key that happens to be here', problems), undefined)
  assert.deepEqual(problems, [])
})

/** Opens it as `serve` does, with the wire going to the stand-in. */
function open(
  vault: KeyVault,
  { wait = fail }: { wait?: (milliseconds: number) => Promise<unknown> } = {},
) {
  const { clientId, secret, tenantId } = CLIENT
  const credential = { kind: 'secret', secret } as const
  const entra = {
    tenantId,
    clientId,
    authority: vault.login,
    credential,
    identifierUri: '',
    prompt: '',
  }
  const api = createVaultApi(
    { origin: vault.origin, name: 'entrance' },
    {
      clientId,
      tokenEndpoint: `${vault.login}/${tenantId}/oauth2/v2.0/token`,
      credential: createCredential({ entra, log: () => {} }),
      fetch: vault.fetch,
    },
  )
  return keyVaultSource(api, wait)
}

async function fail(): Promise<never> {
  throw new Error('It was waited for what does not pass.')
}
