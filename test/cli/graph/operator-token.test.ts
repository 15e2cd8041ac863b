import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Authority } from '../../../src/cli/graph/authority.ts'
import { parseAuthority } from '../../../src/cli/graph/authority.ts'
import { type OperatorOptions, signInOperator } from '../../../src/cli/graph/operator-token.ts'
import type { Terminal } from '../../../src/cli/terminal.ts'

const TENANT = '160007d1-3e33-4d24-b261-9a263d8f2ed0'
const folder = mkdtempSync(join(tmpdir(), 'entrance-operator-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const authority: Authority = {
  origin: 'https://login.microsoftonline.com',
  tenant: TENANT,
  tenantId: TENANT,
  tokenEndpoint: 'https://login.microsoftonline.com/x/token',
  authorizationEndpoint: 'https://login.microsoftonline.com/x/authorize',
  deviceAuthorizationEndpoint: 'https://login.microsoftonline.com/x/devicecode',
  graph: 'https://graph.microsoft.com',
  graphResource: 'https://graph.microsoft.com',
}

/** Looks like a token; nobody verifies it here. */
const token = (claims: object = {}) => {
  const payload = { aud: authority.graph, tid: TENANT, upn: 'alice@entrance.example', ...claims }
  return `e30.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.c2ln`
}

/** A folder with programs that answer so, and take down how they were called. */
function programs(answers: { az?: string; azd?: string }): string {
  const path = mkdtempSync(join(folder, 'bin-'))
  for (const [name, body] of Object.entries(answers)) {
    const file = join(path, name)
    writeFileSync(file, `#!/bin/sh\necho "$*" >> "${path}/calls"\n${body}\n`)
    chmodSync(file, 0o700)
  }
  return path
}

const prints = (text: string) => `cat <<'END'\n${text}\nEND`
const refuses = (text: string) => `echo "${text}" >&2\nexit 1`

function signIn(
  path: string,
  options: OperatorOptions = {},
  env: Record<string, string> = {},
  place = authority,
) {
  const terminal = {
    env: { PATH: path ? `${path}:/usr/bin:/bin` : '/nowhere', ...env },
    signal: new AbortController().signal,
    isInteractive: false,
    note: () => {},
    formatNote: (_: unknown, text: string) => text,
  } as unknown as Terminal
  return signInOperator(place, options, terminal)
}

test('a token in ENTRANCE_GRAPH_TOKEN comes before az, and az before azd', async () => {
  const az = prints(JSON.stringify({ accessToken: token({ upn: 'az' }) }))
  const azd = prints(JSON.stringify({ token: token({ upn: 'azd' }) }))
  const both = programs({ az, azd })
  const env = { ENTRANCE_GRAPH_TOKEN: token({ upn: 'env' }) }
  assert.equal((await signIn(both, {}, env)).name, 'env')
  assert.equal((await signIn(both)).name, 'az')
  assert.equal((await signIn(both, { token: 'azd' }, env)).name, 'azd')
  assert.equal((await signIn(programs({ az: refuses('Please run az login'), azd }))).name, 'azd')
})

test('the programs are asked for Microsoft Graph and for the tenant', async () => {
  const path = programs({
    az: refuses('Please run az login'),
    azd: prints(JSON.stringify({ token: token() })),
  })
  await signIn(path)
  assert.deepEqual(readFileSync(join(path, 'calls'), 'utf8').trim().split('\n'), [
    `account get-access-token --output json --resource https://graph.microsoft.com --tenant ${TENANT}`,
    `auth token --output json --no-prompt --scope https://graph.microsoft.com/.default --tenant-id ${TENANT}`,
  ])
})

test('a program of that name in the working directory is not run', async () => {
  const here = mkdtempSync(join(folder, 'here-'))
  mkdirSync(join(here, 'bin'))
  const before = process.cwd()
  process.chdir(here)
  try {
    writeFileSync(join(here, 'az'), '#!/bin/sh\ntouch ran\n', { mode: 0o700 })
    await assert.rejects(signIn('.'), /Nobody is signed in/)
    assert.throws(() => readFileSync(join(here, 'ran')), /ENOENT/)
  } finally {
    process.chdir(before)
  }
})

test('where nobody is signed in, each program’s own words and each way in are told', async () => {
  const path = programs({ az: refuses('Please run az login to setup account.') })
  await assert.rejects(signIn(path), (error: Error & { cure?: string }) => {
    assert.match(error.message, /Please run az login to setup account\./)
    assert.match(error.message, /azd is not installed/)
    assert.match(
      error.cure ?? '',
      new RegExp(`az login --allow-no-subscriptions --tenant ${TENANT}`),
    )
    return true
  })
})

for (const [what, claims, message] of [
  [
    'for another API',
    { aud: 'api://somebody' },
    /is for api:\/\/somebody, and not for Microsoft Graph/,
  ],
  [
    'for a host that only looks like Graph',
    { aud: 'https://graph.microsoft.com.attacker.example' },
    /not for Microsoft Graph/,
  ],
  [
    'of another tenant',
    { tid: '9188040d-6c67-4c5b-b112-36a304b66dad' },
    /is signed in to the tenant 9188040d/,
  ],
  ['that has expired', { exp: 1 }, /has expired/],
  [
    'of another cloud',
    { aud: 'https://graph.microsoft.us' },
    /is for https:\/\/graph\.microsoft\.us, and not for Microsoft Graph at https:\/\/graph\.microsoft\.com/,
  ],
  ['whose tenant is no id', { tid: '..\n\u001b[2J' }, /not a token/],
] as const) {
  test(`a token ${what} is refused before it is sent anywhere`, async () => {
    const env = { ENTRANCE_GRAPH_TOKEN: token(claims) }
    await assert.rejects(signIn('', {}, env), message)
  })
}

test('what is no token is not repeated', async () => {
  const secret = 'something-else-that-may-be-secret'
  await assert.rejects(signIn('', {}, { ENTRANCE_GRAPH_TOKEN: secret }), (error: Error) => {
    assert.match(error.message, /not a token/)
    assert.ok(!`${error.stack}`.includes(secret))
    return true
  })
})

test('what a program says before its answer, or in place of one, does no harm', async () => {
  const answer = JSON.stringify({ accessToken: token({ upn: 'az' }) })
  const wordy = programs({ az: prints(`A newer version {x} is there.\n${answer}`) })
  assert.equal((await signIn(wordy)).name, 'az')
  const secret = token()
  for (const az of [
    refuses(`no: ${secret}`),
    prints('[]'),
    prints('null'),
    prints('{"accessToken":5}'),
    prints('{"accessToken":"a\r\nb: c"}'),
  ]) {
    await assert.rejects(signIn(programs({ az }), { token: 'az' }), (error: Error) => {
      assert.match(error.message, /Nobody is signed in|not a token/)
      assert.ok(!error.message.includes(secret))
      return true
    })
  }
})

test('the server’s own variables do not come to another program', async () => {
  const answer = JSON.stringify({ accessToken: token() })
  const az = `[ -z "$ENTRA_PROXY_AZURE_CLIENT_SECRET$ENTRANCE_SECRET" ] || exit 1\n[ "$AZURE_CONFIG_DIR" = x ] || exit 1\n${prints(answer)}`
  const env = { ENTRA_PROXY_AZURE_CLIENT_SECRET: 'a', ENTRANCE_SECRET: 'b', AZURE_CONFIG_DIR: 'x' }
  assert.equal((await signIn(programs({ az }), {}, env)).source, 'az')
})

test('in another cloud the programs are told to change to it', async () => {
  const path = programs({ az: refuses('Please run az login') })
  const graph = 'https://graph.microsoft.us'
  const government = { ...authority, graph, graphResource: graph }
  await assert.rejects(
    signIn(path, { token: 'az' }, {}, government),
    (error: { cure?: string }) => {
      assert.match(error.cure ?? '', /az cloud set --name AzureUSGovernment && az login/)
      return true
    },
  )
})

test('a login host is a word, an https origin, or http on this machine', () => {
  assert.equal(parseAuthority(undefined), 'https://login.microsoftonline.com')
  assert.equal(parseAuthority('usgov'), 'https://login.microsoftonline.us')
  assert.equal(parseAuthority('https://contoso.ciamlogin.com/'), 'https://contoso.ciamlogin.com')
  assert.equal(parseAuthority('http://localhost:8400'), 'http://localhost:8400')
  for (const text of [
    'http://login.example.com',
    'https://a.example/tenant',
    'mars',
    'https://u:p@a.example',
  ]) {
    assert.throws(() => parseAuthority(text), /not a login host/, text)
  }
})
