import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { generate } from 'selfsigned'
import { createCredential } from '../../../src/core/entra/credentials/credential.ts'
import { EntraError } from '../../../src/core/errors.ts'
import type { EntraConfig, EntraCredential } from '../../../src/core/options.ts'
import type { LogEvent } from '../../../src/log.ts'

const ENDPOINT = 'https://login.example/token'
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const jwt = (claims: object) => `${encode({ alg: 'RS256' })}.${encode(claims)}.c2lnbmF0dXJl`
const now = () => Math.floor(Date.now() / 1000)

/** What the credential sends, and what it logs. */
async function ask(credential: EntraCredential) {
  const logs: LogEvent[] = []
  const entra = { credential, clientId: 'the-client', authority: 'https://login.example' }
  const authenticate = createCredential({
    entra: entra as EntraConfig,
    log: (event) => void logs.push(event),
  })
  try {
    const authentication = await authenticate(ENDPOINT)
    const body = new URLSearchParams()
    await authentication({ issuer: ENDPOINT }, { client_id: 'the-client' }, body, new Headers())
    return { sent: Object.fromEntries(body), logs }
  } catch (error) {
    assert.ok(error instanceof EntraError)
    return { error: { ...error, message: error.message }, logs }
  }
}

function named(name: string, message: string): Error {
  return Object.assign(new Error(message), { name })
}

function newFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'entrance-credential-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}

suite('a credential', () => {
  test('that is a secret is sent as it is', async () => {
    const { sent } = await ask({ kind: 'secret', secret: 'a+b/c%' })
    assert.deepEqual(sent, { client_id: 'the-client', client_secret: 'a+b/c%' })
  })

  test('that is a token is sent as RFC 7523 has it, without what is around it', async () => {
    const token = jwt({ exp: now() + 60 })
    const { sent } = await ask({ kind: 'assertion', getAssertion: async () => ` ${token}\n` })
    assert.deepEqual(sent, {
      client_id: 'the-client',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: token,
    })
  })

  test('whose certificate has ended meanwhile says so, and costs nobody a sign-in', async (t) => {
    const { cert, private: key } = await generate(undefined, {
      keyType: 'rsa',
      algorithm: 'sha256',
    })
    const authenticate = createCredential({
      entra: {
        credential: { kind: 'certificate', certificate: cert, privateKey: key },
        clientId: 'the-client',
      } as EntraConfig,
      log: () => {},
    })
    await authenticate(ENDPOINT)
    t.mock.timers.enable({ apis: ['Date'], now: Date.parse('2099-01-01') })
    await assert.rejects(authenticate(ENDPOINT), {
      name: 'EntraError',
      isTransient: false,
      error: undefined,
      message: /cannot prove to Entra who it is: the certificate ended on \d{4}-\d\d-\d\d\./,
      cure: /Upload a new certificate/,
    })
  })
})

suite('an assertion that cannot be one', () => {
  const WRONG: readonly (readonly [string, unknown, RegExp, isTransient: boolean])[] = [
    ['nothing', undefined, /is empty/, true],
    ['an empty text', ' \n', /is empty/, true],
    ['a number', 1, /is empty/, true],
    ['a page', '<html>', /is not a signed JWT/, false],
    ['an unsigned token', jwt({}).replace(/[^.]+$/, ''), /is not a signed JWT/, false],
    ['a token of five parts', `${jwt({})}.a.b`, /is not a signed JWT/, false],
    ['a token without claims', 'a.b.c', /is not a signed JWT/, false],
    ['a token that has expired', jwt({ exp: now() - 1 }), /has expired/, true],
    ['a book', `${jwt({})}${'x'.repeat(16_384)}`, /is too long for a token/, false],
  ]
  for (const [name, given, why, isTransient] of WRONG) {
    test(`because it is ${name}, is not sent`, async () => {
      const getAssertion = async () => given as string
      const { error } = await ask({ kind: 'assertion', getAssertion })
      assert.deepEqual([error?.isTransient, error?.isOurs], [isTransient, true])
      assert.match(error?.message ?? '', why)
      assert.doesNotMatch(error?.message ?? '', /eyJ/)
    })
  }

  test('because the callback fails, is told to the operator alone', async () => {
    const getAssertion = async () => {
      throw new Error('the vault is sealed')
    }
    const { error, logs } = await ask({ kind: 'assertion', getAssertion })
    assert.match(error?.message ?? '', /cannot prove to Entra who it is: getAssertion failed\./)
    assert.match(logs[0]?.message ?? '', /the vault is sealed/)
  })

  for (const [name, thrown] of [
    ['an error of another kind that calls itself ours', named('EntraError', 'a~word')],
    ['no error, but an object without a text', Object.create(null)],
    ['a word that may be anything', 'a~word'],
    ['nothing', undefined],
  ] as const) {
    test(`because the callback throws ${name}, is told as such, without its words`, async () => {
      const getAssertion = () => Promise.reject(thrown)
      const { error, logs } = await ask({ kind: 'assertion', getAssertion })
      assert.match(error?.message ?? '', /getAssertion failed\.$/)
      assert.deepEqual([error?.isTransient, error?.isOurs], [true, true])
      assert.equal(logs.length, 1)
    })
  }

  test('because the callback throws a book, is logged in a line', async () => {
    const getAssertion = () => Promise.reject(new Error('x'.repeat(1e6)))
    const { logs } = await ask({ kind: 'assertion', getAssertion })
    assert.ok((logs[0]?.message.length ?? 0) < 600)
  })

  test('because the callback never comes back, fails after 8 seconds', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const getAssertion = () => new Promise<string>(() => {})
    const asked = ask({ kind: 'assertion', getAssertion })
    t.mock.timers.tick(8000)
    const { error, logs } = await asked
    assert.equal(error?.isTransient, true)
    assert.match(logs[0]?.message ?? '', /it took more than 8000 ms/)
  })
})

suite('the file of a workload identity', () => {
  test('that is missing, empty, too long or a folder fails for the moment, and no path is told', async (t) => {
    const folder = newFolder(t)
    const path = join(folder, 'token')
    const expectRefusal = async (why: RegExp, isTransient = true) => {
      const { error } = await ask({ kind: 'workload-identity', tokenFile: path })
      assert.deepEqual([error?.isTransient, error?.isOurs], [isTransient, true])
      assert.match(error?.message ?? '', why)
      assert.doesNotMatch(error?.message ?? '', /entrance-credential-/)
    }
    await expectRefusal(/its token file is missing/)
    writeFileSync(path, '')
    await expectRefusal(/its token file is empty/)
    writeFileSync(path, `${jwt({})}${'x'.repeat(20_000)}`)
    await expectRefusal(/its token file is too long for a token/, false)
    rmSync(path)
    mkdirSync(path)
    await expectRefusal(/its token file cannot be read/)
  })

  test('that has been swapped for a pipe is not waited for', {
    skip: process.platform === 'win32',
    timeout: 10_000,
  }, async (t) => {
    const path = join(newFolder(t), 'token')
    execFileSync('mkfifo', [path])
    const { error } = await ask({ kind: 'workload-identity', tokenFile: path })
    assert.match(error?.message ?? '', /its token file cannot be read/)
    assert.equal(error?.isTransient, true)
  })

  test('that has been swapped for one without an end is read no further than a token is long', async () => {
    const { error } = await ask({ kind: 'workload-identity', tokenFile: '/dev/zero' })
    assert.match(error?.message ?? '', /its token file (cannot be read|is too long)/)
  })

  test('is followed to where it points, as Kubernetes changes it', async (t) => {
    const folder = newFolder(t)
    const token = jwt({ exp: now() + 60 })
    writeFileSync(join(folder, 'first'), token)
    symlinkSync(join(folder, 'first'), join(folder, 'token'))
    const { sent } = await ask({ kind: 'workload-identity', tokenFile: join(folder, 'token') })
    assert.equal(sent?.client_assertion, token)
  })
})
