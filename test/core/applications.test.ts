import assert from 'node:assert/strict'
import { test } from 'node:test'
import { groupApplications } from '../../src/core/applications.ts'
import type { Consent } from '../../src/core/consents.ts'
import type { Grant, HeldGrant } from '../../src/core/grants/grant.ts'
import { appsPage } from '../../src/core/pages/apps-page.ts'

const grant = (digest: string, changes: Partial<Grant>): HeldGrant => {
  const client = { digest, name: digest.toUpperCase() }
  const fixed = { client, createdAt: 100, scope: 'read', redirectUri: 'http://localhost:1/cb' }
  return { grant: { ...fixed, ...changes } as Grant, version: 1 }
}
const consent = (digest: string, answeredAt: number): Consent => ({
  person: 'tenant/alice',
  client: { digest, name: digest.toUpperCase() },
  redirectUri: 'http://localhost:1/cb',
  scope: 'read',
  answeredAt,
})

test('what one application has stands together, from the first sign-in to the last renewal', () => {
  const grants = [
    grant('a', { createdAt: 200, rotatedAt: 500, scope: 'read write' }),
    grant('a', { createdAt: 100, redirectUri: 'https://a.example/cb' }),
  ]
  const [application, ...rest] = groupApplications(grants, [consent('a', 300)])
  assert.deepEqual(rest, [])
  assert.deepEqual([application?.since, application?.lastRenewed], [100, 500])
  assert.deepEqual(application?.scopes, ['read', 'write'])
  assert.deepEqual(application?.redirectUris, ['http://localhost:1/cb', 'https://a.example/cb'])
  assert.deepEqual([application?.grants.length, application?.consents.length], [2, 1])
})

test('the one in use last comes first, also where only an answer is left', () => {
  const grants = [grant('old', {}), grant('new', { createdAt: 300 })]
  const applications = groupApplications(grants, [consent('answered', 200)])
  assert.deepEqual(
    applications.map(({ digest }) => digest),
    ['new', 'answered', 'old'],
  )
  assert.deepEqual([applications[1]?.since, applications[1]?.lastRenewed], [undefined, undefined])
})

test('a person with very many sign-ins holds nobody up', () => {
  const before = performance.now()
  const ofMany = Array.from({ length: 30_000 }, (_, n) => grant(`client-${n}`, { createdAt: n }))
  const ofOne = Array.from({ length: 200_000 }, (_, n) => grant('one', { createdAt: n + 1 }))
  const applications = groupApplications([...ofMany, ...ofOne], [])
  assert.deepEqual([applications.length, applications[0]?.since], [30_001, 1])
  // It took four seconds for the clients alone, and could not be done for the sign-ins.
  assert.ok(performance.now() - before < 2000)
})

test('a list that is too long says how many are not shown', async () => {
  const page = appsPage({
    serverName: 'Server',
    person: { name: undefined, username: undefined },
    applications: [],
    count: 42,
    formToken: 'token',
    action: '/auth/apps',
    setCookie: undefined,
  })
  const text = await page.text()
  assert.match(text, /42 more are not shown/)
  assert.match(text, /Signed in as <strong><bdi>somebody without a name/)
})
