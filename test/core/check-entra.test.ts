import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { ConfigError } from '../../src/core/errors.ts'
import type { EntraOptions } from '../../src/core/options.ts'
import { resolveOptions } from '../../src/core/resolve-options.ts'
import { memoryStore } from '../../src/stores/memory.ts'

const folder = mkdtempSync(join(tmpdir(), 'entrance-check-'))
after(() => rmSync(folder, { recursive: true }))
const file = (name: string, text: string) => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}
const token = file('token', 'a.b.c')

const TENANT = '160007d1-3e33-4d24-b261-9a263d8f2ed0'
const CLIENT = { tenantId: TENANT, clientId: '70df70fd-6a99-466c-8558-eab9e5b2fd2a' }

function resolve(entra: object) {
  return resolveOptions({
    url: 'https://expenses.example.com',
    secret: 'a-master-key-of-forty-characters-at-least',
    store: memoryStore(),
    entra: { ...CLIENT, ...entra } as EntraOptions,
  })
}

function problemsOf(entra: object): ConfigError['problems'] {
  try {
    resolve(entra)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

suite('a credential that is wrong', () => {
  const secret = { kind: 'secret', secret: 'a~secret' }
  const WRONG: readonly (readonly [entra: object, option: string, problem: RegExp])[] = [
    [{}, 'entra.clientSecret', /^is missing\.$/],
    [{ credential: null }, 'entra.credential', /^is not an object\.$/],
    [{ credential: 'secret' }, 'entra.credential', /^is not an object\.$/],
    [{ credential: {} }, 'entra.credential.kind', /^is not known\.$/],
    [{ credential: { kind: 'magic' } }, 'entra.credential.kind', /^is not known\.$/],
    [{ credential: { kind: '__proto__' } }, 'entra.credential.kind', /^is not known\.$/],
    [
      { credential: secret, clientSecret: 'x' },
      'entra.credential',
      /given beside entra\.clientSecret/,
    ],
    [
      { credential: { kind: 'workload-identity', tokenFile: token, path: token } },
      ...(['entra.credential.path', /^is not an option\.$/] as const),
    ],
    [
      { credential: { kind: 'workload-identity' } },
      ...(['entra.credential.tokenFile', /^is missing\.$/] as const),
    ],
    [
      { credential: { kind: 'workload-identity', tokenFile: join(folder, 'none') } },
      ...(['entra.credential.tokenFile', /none does not exist\.$/] as const),
    ],
    [
      { credential: { kind: 'workload-identity', tokenFile: folder } },
      ...(['entra.credential.tokenFile', /is not a file\.$/] as const),
    ],
    [
      { credential: { kind: 'workload-identity', tokenFile: file('empty', '') } },
      ...(['entra.credential.tokenFile', /is empty\.$/] as const),
    ],
    [
      { credential: { kind: 'workload-identity', tokenFile: file('book', 'x'.repeat(16_385)) } },
      ...(['entra.credential.tokenFile', /has 16385 bytes; 16384 at most/] as const),
    ],
    [
      { credential: { kind: 'managed-identity', clientId: 'web-app' } },
      ...(['entra.credential.clientId', /^is not a GUID\.$/] as const),
    ],
    [
      { credential: { kind: 'managed-identity', endpoint: 'https://x.example' } },
      ...(['entra.credential.endpoint', /^is not an http address\.$/] as const),
    ],
    [
      { credential: { kind: 'managed-identity', identityHeader: 'x' } },
      ...(['entra.credential.identityHeader', /given without endpoint/] as const),
    ],
    [
      { credential: { kind: 'assertion', getAssertion: 'a.b.c' } },
      ...(['entra.credential.getAssertion', /^is not a function\.$/] as const),
    ],
    [
      { credential: { kind: 'certificate', certificate: 'x', privateKey: 'y' } },
      ...(['entra.credential.privateKey', /has no private key in it/] as const),
    ],
  ]
  for (const [entra, option, problem] of WRONG) {
    test(`is named with what to do: ${option} ${problem.source}`, () => {
      const [found, ...more] = problemsOf(entra)
      assert.deepEqual(more, [])
      assert.equal(found?.option, option)
      assert.match(found?.problem ?? '', problem)
      assert.match(found?.cure ?? '', /^[A-Z].{8,}\.$/)
    })
  }
})

suite('a credential that is right', () => {
  for (const credential of [
    { kind: 'secret', secret: 'a~secret' },
    { kind: 'workload-identity', tokenFile: token },
    { kind: 'managed-identity' },
    { kind: 'managed-identity', clientId: TENANT.toUpperCase() },
    { kind: 'managed-identity', endpoint: 'http://localhost:42/msi/token', identityHeader: 'x' },
    { kind: 'assertion', getAssertion: async () => '' },
  ]) {
    test(`is taken as it is: ${JSON.stringify(credential).replace(folder, '')}`, () => {
      assert.deepEqual(resolve({ credential }).entra.credential, credential)
    })
  }

  test('binds no sign-in to it, and is not told in the log', () => {
    const lines: string[] = []
    const withSecret = resolve({ clientSecret: 'a~secret' })
    const withHeader = resolveOptions({
      url: 'https://expenses.example.com',
      secret: 'a-master-key-of-forty-characters-at-least',
      store: memoryStore(),
      log: ({ message }) => void lines.push(message),
      entra: {
        ...CLIENT,
        credential: {
          kind: 'managed-identity',
          endpoint: 'http://localhost:42',
          identityHeader: 'the header of Azure',
        },
      },
    })
    assert.equal(withHeader.binding, withSecret.binding)
    withHeader.log({ event: 'x', message: 'It was the header of Azure.' })
    assert.deepEqual(lines, ['It was [...].'])
  })
})

suite('a login host', () => {
  for (const [authority, origin] of [
    [undefined, 'https://login.microsoftonline.com'],
    ['public', 'https://login.microsoftonline.com'],
    ['usgov', 'https://login.microsoftonline.us'],
    ['china', 'https://login.partner.microsoftonline.cn'],
    ['https://contoso.ciamlogin.com/', 'https://contoso.ciamlogin.com'],
    ['http://localhost:8400', 'http://localhost:8400'],
    // Old names, under which metadata and tokens have the new one.
    ['https://login.windows.net', 'https://login.microsoftonline.com'],
    ['https://login.microsoft.com/', 'https://login.microsoftonline.com'],
    ['https://login.chinacloudapi.cn', 'https://login.partner.microsoftonline.cn'],
  ] as const) {
    test(`that is given as ${authority} is ${origin}`, () => {
      assert.equal(resolve({ clientSecret: 'a~secret', authority }).entra.authority, origin)
    })
  }

  test('that is a word for no cloud is refused with the words there are', () => {
    const [found] = problemsOf({ clientSecret: 'a~secret', authority: 'germany' })
    assert.equal(found?.problem, "'germany' is not a login host's origin.")
    assert.match(found?.cure ?? '', /public, usgov, china/)
  })

  test('that has a password in it, or is one, is not repeated', () => {
    const wrong = [
      'https://me:pass~word@login.example',
      'abc8Q~pass~word',
      'https://x.example?pass~word',
    ]
    for (const authority of wrong) {
      const [found] = problemsOf({ clientSecret: 'a~secret', authority })
      assert.equal(found?.option, 'entra.authority')
      assert.doesNotMatch(JSON.stringify(found), /pass~word/)
    }
  })
})
