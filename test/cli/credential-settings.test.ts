import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { resolveCredential } from '../../src/cli/credential-settings.ts'
import type { ConfigProblem } from '../../src/core/errors.ts'

const folder = mkdtempSync(join(tmpdir(), 'entrance-settings-'))
after(() => rmSync(folder, { recursive: true }))
const pem = join(folder, 'entra.pem')
writeFileSync(pem, 'certificate and key')

const SECRET = { ENTRA_PROXY_AZURE_CLIENT_SECRET: 'a~secret' }

function resolve(env: Record<string, string>, option?: string) {
  const problems: ConfigProblem[] = []
  return { credential: resolveCredential(option, { ...SECRET, ...env }, problems), problems }
}

suite('ENTRANCE_CREDENTIAL', () => {
  const federated = { AZURE_FEDERATED_TOKEN_FILE: '/var/run/token' }
  const service = { IDENTITY_ENDPOINT: 'http://localhost:42/msi/token', IDENTITY_HEADER: 'header' }
  const pod = { AZURE_POD_IDENTITY_AUTHORITY_HOST: 'http://localhost:2579/' }
  const CASES: readonly (readonly [text: string, env: Record<string, string>, object])[] = [
    ['', {}, { kind: 'secret', secret: 'a~secret' }],
    ['secret', service, { kind: 'secret', secret: 'a~secret' }],
    ['workload-identity', federated, { kind: 'workload-identity', tokenFile: '/var/run/token' }],
    ['workload-identity:/other', federated, { kind: 'workload-identity', tokenFile: '/other' }],
    ['workload-identity', {}, { kind: 'workload-identity', tokenFile: '' }],
    ['managed-identity', {}, { kind: 'managed-identity' }],
    ['managed-identity:the-id', {}, { kind: 'managed-identity', clientId: 'the-id' }],
    [
      'managed-identity',
      { ...service, ...pod },
      { kind: 'managed-identity', endpoint: service.IDENTITY_ENDPOINT, identityHeader: 'header' },
    ],
    [
      'managed-identity',
      pod,
      {
        kind: 'managed-identity',
        endpoint: 'http://localhost:2579/metadata/identity/oauth2/token',
      },
    ],
    [
      `certificate:${pem}`,
      {},
      {
        kind: 'certificate',
        certificate: 'certificate and key',
        privateKey: 'certificate and key',
      },
    ],
  ]
  for (const [text, env, expected] of CASES) {
    const what = `'${text.replace(folder, '')}' with ${Object.keys(env).join(', ') || 'nothing'}`
    test(`${what} is a ${(expected as { kind: string }).kind}`, () => {
      const given = resolve({ ...env, ENTRANCE_CREDENTIAL: text })
      assert.deepEqual(given, { credential: expected, problems: [] })
    })
  }

  test('is beaten by the option', () => {
    const { credential } = resolve({ ENTRANCE_CREDENTIAL: 'x' }, 'managed-identity')
    assert.equal(credential.kind, 'managed-identity')
  })

  const WRONG: readonly (readonly [string, Record<string, string>, option: string, RegExp])[] = [
    ['certificate', {}, 'ENTRANCE_CREDENTIAL', /'certificate' is no credential\. Use secret/],
    ['Secret', {}, 'ENTRANCE_CREDENTIAL', /'Secret' is no credential/],
    ['managed-identity:', {}, 'ENTRANCE_CREDENTIAL', /is no credential/],
    ['certificate:/nowhere', {}, 'ENTRANCE_CREDENTIAL', /\/nowhere cannot be read: ENOENT\. Name/],
    ['abc8Q~the-value-of-a-secret', {}, 'ENTRANCE_CREDENTIAL', /'abc8Q~th…' is no credential/],
    [
      'managed-identity',
      { IDENTITY_ENDPOINT: 'http://localhost:40342' },
      ...(['IDENTITY_HEADER', /is missing, and IDENTITY_ENDPOINT is set\. .*Azure Arc/] as const),
    ],
  ]
  for (const [text, env, option, told] of WRONG) {
    test(`that is '${text}' is told with the cure`, () => {
      const { problems } = resolve({ ...env, ENTRANCE_CREDENTIAL: text })
      const [found, ...more] = problems
      assert.deepEqual(more, [])
      assert.equal(found?.option, option)
      assert.match(`${found?.problem} ${found?.cure}`, told)
    })
  }

  test('of a file that is something else tells its size, and nothing of it', () => {
    writeFileSync(join(folder, 'book'), 'x'.repeat(70_000))
    const { problems } = resolve({ ENTRANCE_CREDENTIAL: `certificate:${join(folder, 'book')}` })
    assert.match(problems[0]?.problem ?? '', /has 70000 bytes; 65536 at most are read/)
  })
})
