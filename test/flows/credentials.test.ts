import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { type RunningEmulator, SEED, startEmulator } from '../../src/emulator/emulator.ts'
import type { EntraCredential } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { createBrowser } from '../support/browser.ts'
import {
  addManagedIdentity,
  secretless,
  startIssuer,
  uploadCertificate,
} from '../support/credentials.ts'
import {
  codeOf,
  createOAuthClient,
  json,
  signIn,
  type TokenResponse,
} from '../support/oauth-client.ts'
import { startEntrance } from '../support/start.ts'
import { addExpense, getExpenses } from './expenses.ts'

/** What sign-ins have to be told apart by: the same server, started again. */
const SERVER = { secret: randomBytes(32).toString('base64url') }

async function start(t: TestContext, emulator: RunningEmulator, credential: EntraCredential) {
  const server = await startEntrance({
    emulator,
    entrance: { ...SERVER, entra: { clientSecret: undefined, credential } },
  })
  t.after(() => server.stop())
  return server
}

async function startEntra(t: TestContext) {
  const emulator = await startEmulator({ port: 0 })
  t.after(() => emulator.close())
  return { emulator, application: secretless(emulator) }
}

function newFile(t: TestContext, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'entrance-token-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'token')
  writeFileSync(path, text)
  return path
}

/** Signs in, works and refreshes; gives what Entra was sent for each. */
async function useAll(url: string, emulator: RunningEmulator) {
  const { client, client_id, tokens } = await signIn(url)
  const renewed = await json<TokenResponse>(await client.refresh(client_id, tokens.refresh_token))
  await addExpense(client, renewed.access_token, 'without a secret')
  const [expense] = await getExpenses(client, renewed.access_token)
  assert.equal(expense?.description, 'without a secret')
  const calls = emulator.seen.filter(({ endpoint }) => endpoint === 'token')
  assert.deepEqual(
    calls.map(({ params, status }) => [params.get('grant_type'), status]),
    [
      ['authorization_code', 200],
      ['refresh_token', 200],
    ],
  )
  for (const { params } of calls) assert.equal(params.get('client_secret'), null)
  return calls.map(({ params }) => params.get('client_assertion') ?? '')
}

suite('a whole sign-in and a refresh without a secret', () => {
  test('with a certificate, which signs for each request anew', async (t) => {
    const { emulator, application } = await startEntra(t)
    const { cert, key } = await uploadCertificate(application)
    const credential = { kind: 'certificate', certificate: cert, privateKey: key } as const
    const server = await start(t, emulator, credential)
    const assertions = await useAll(server.url, emulator)
    const claims = assertions.map((assertion) => decodeJwt(assertion))
    assert.equal(new Set(claims.map(({ jti }) => jti)).size, 2)
    for (const { iss, sub, aud, exp = 0, iat = 0 } of claims) {
      assert.deepEqual([iss, sub], [SEED.clientId, SEED.clientId])
      assert.equal(aud, `${emulator.origin}/${SEED.tenantId}/oauth2/v2.0/token`)
      assert.ok(exp - iat <= 600)
    }
    const {
      alg,
      typ,
      x5t,
      'x5t#S256': thumbprint,
    } = decodeProtectedHeader(assertions[0] ?? '') as Record<string, unknown>
    assert.deepEqual([alg, typ, x5t], ['PS256', 'JWT', undefined])
    assert.match(String(thumbprint), /^[\w-]{43}$/)
  })

  test('with a workload identity, whose file is read at each use', async (t) => {
    const { emulator, application } = await startEntra(t)
    await using issuer = await startIssuer(application)
    const first = await issuer.sign()
    const tokenFile = newFile(t, `${first}\n`)
    const server = await start(t, emulator, { kind: 'workload-identity', tokenFile })
    const { client, client_id, tokens } = await signIn(server.url)
    const second = await issuer.sign({ jti: 'the next one' })
    writeFileSync(tokenFile, second)
    await json(await client.refresh(client_id, tokens.refresh_token))
    const calls = emulator.seen.filter(({ endpoint }) => endpoint === 'token')
    assert.deepEqual(
      calls.map(({ params }) => params.get('client_assertion')),
      [first, second],
    )
  })

  for (const [name, path, header] of [
    ['App Service', '/msi/token', SEED.identityHeader],
    ['a virtual machine', '/metadata/identity/oauth2/token', undefined],
  ] as const) {
    test(`with the managed identity of ${name}, whose token is kept`, async (t) => {
      const { emulator, application } = await startEntra(t)
      const clientId = addManagedIdentity(emulator, application)
      const server = await start(t, emulator, {
        kind: 'managed-identity',
        clientId,
        endpoint: `${emulator.origin}${path}`,
        identityHeader: header,
      })
      const [first, second] = await useAll(server.url, emulator)
      assert.equal(first, second)
    })
  }

  test('with an assertion of one’s own', async (t) => {
    const { emulator, application } = await startEntra(t)
    await using issuer = await startIssuer(application)
    const getAssertion = () => issuer.sign()
    const server = await start(t, emulator, { kind: 'assertion', getAssertion })
    const [first, second] = await useAll(server.url, emulator)
    assert.notEqual(first, '')
    assert.notEqual(second, '')
  })
})

test('going from secret to certificate to federated signs nobody out', async (t) => {
  const emulator = await startEmulator({ port: 0 })
  t.after(() => emulator.close())
  const [application = assert.fail()] = emulator.directory.applications
  const { cert, key } = await uploadCertificate(application)
  await using issuer = await startIssuer(application)
  const store = { ...memoryStore(), close: async () => {} }
  const again = async (port: number, credential: EntraCredential) =>
    startEntrance({
      emulator,
      port,
      entrance: { ...SERVER, store, entra: { clientSecret: undefined, credential } },
    })

  const first = await startEntrance({ emulator, entrance: { ...SERVER, store } })
  const { client, client_id, tokens } = await signIn(first.url)
  await first.stop()
  await noticeStop(first.url)
  let { refresh_token, access_token } = tokens
  for (const credential of [
    { kind: 'certificate', certificate: cert, privateKey: key },
    { kind: 'assertion', getAssertion: () => issuer.sign() },
  ] as const) {
    application.passwordCredentials = []
    await using server = await again(first.port, credential)
    assert.equal(server.url, first.url)
    assert.equal((await client.mcp(access_token, { method: 'tools/list' })).status, 200)
    const renewed = await json<TokenResponse>(await client.refresh(client_id, refresh_token))
    refresh_token = renewed.refresh_token
    access_token = renewed.access_token
    await server.stop()
    await noticeStop(server.url)
  }
})

/** What this process keeps open to a server goes with the first request that finds it gone. */
async function noticeStop(url: string): Promise<void> {
  await assert.rejects(fetch(`${url}/health`))
}

suite('a credential that fails', () => {
  test('for the moment, is told on a page, and loading it again goes on', async (t) => {
    const { emulator, application } = await startEntra(t)
    await using issuer = await startIssuer(application)
    const token = await issuer.sign()
    const tokenFile = newFile(t, token)
    const server = await start(t, emulator, { kind: 'workload-identity', tokenFile })
    const client = createOAuthClient(server.url)
    const { client_id } = await json<{ client_id: string }>(await client.register())
    const authorization = client.authorization(client_id)
    const until = authorization.redirect_uri
    const browser = createBrowser()
    rmSync(tokenFile)
    const page = await browser.signIn(authorization.url, { until })
    assert.equal(page.status, 503)
    assert.match(page.text, /The sign-in could not be completed/)
    assert.match(page.text, /cannot prove to Entra who it is: its token file is missing/)
    assert.match(page.text, /AZURE_FEDERATED_TOKEN_FILE/)
    assert.doesNotMatch(page.text, /entrance-token-/)
    assert.equal(emulator.seen.filter(({ endpoint }) => endpoint === 'token').length, 0)

    writeFileSync(tokenFile, token)
    const back = await browser.open(page.url, { until })
    assert.ok(back.url.href.startsWith(until), back.text)
    await json(await client.exchange(authorization, codeOf(back)))
  })

  test('at a refresh, costs nobody the sign-in, and the log says why', async (t) => {
    const { emulator, application } = await startEntra(t)
    await using issuer = await startIssuer(application)
    let isAway = false
    const server = await start(t, emulator, {
      kind: 'assertion',
      getAssertion: async () => {
        if (isAway) throw new Error('the vault is sealed')
        return issuer.sign()
      },
    })
    const { client, client_id, tokens } = await signIn(server.url)
    isAway = true
    const refused = await client.refresh(client_id, tokens.refresh_token)
    assert.equal(refused.status, 503)
    assert.doesNotMatch(await refused.text(), /vault/)
    const told = server.logs.find(({ event }) => event === 'credential.failed')
    assert.match(told?.message ?? '', /getAssertion failed: Error: the vault is sealed/)
    isAway = false
    await json(await client.refresh(client_id, tokens.refresh_token))
  })

  const REFUSED: readonly (readonly [string, RegExp])[] = [
    ['a certificate that was not uploaded', /AADSTS700027/],
    ['a token of an issuer that is not trusted', /AADSTS700211/],
  ]
  for (const [name, number] of REFUSED) {
    test(`because it is ${name}, is told with Entra's number`, async (t) => {
      const { emulator, application } = await startEntra(t)
      const { cert, key } = await uploadCertificate(application)
      await using issuer = await startIssuer(application)
      application.keyCredentials = []
      application.federatedIdentityCredentials = []
      const credential: EntraCredential = name.startsWith('a certificate')
        ? { kind: 'certificate', certificate: cert, privateKey: key }
        : { kind: 'assertion', getAssertion: () => issuer.sign() }
      const server = await start(t, emulator, credential)
      const client = createOAuthClient(server.url)
      const { client_id } = await json<{ client_id: string }>(await client.register())
      const authorization = client.authorization(client_id)
      const browser = createBrowser()
      const page = await browser.signIn(authorization.url, { until: authorization.redirect_uri })
      assert.equal(page.status, 500)
      assert.match(page.text, number)
      assert.doesNotMatch(page.text, /client secret/)
    })
  }
})
