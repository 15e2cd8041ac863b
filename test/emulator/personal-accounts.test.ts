import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  CONSUMERS_TENANT_ID,
  createApplication,
  createEmulator,
  SEED,
} from '../../src/emulator/emulator.ts'
import {
  addPersonal,
  assertErrorPage,
  authorizeUrl,
  claimsOf,
  entrance,
  getCode,
  openBrowser,
  redeem,
  refresh,
} from './support.ts'

for (const authority of ['common', 'consumers', CONSUMERS_TENANT_ID]) {
  test(`an app for everybody signs a personal account in at /${authority}`, async () => {
    const emulator = createEmulator()
    const dana = addPersonal(emulator)
    assert.match(dana.id, /^00000000-0000-0000-[0-9a-f]{4}-[0-9a-f]{12}$/)
    entrance(emulator).signInAudience = 'AzureADandPersonalMicrosoftAccount'
    const code = await getCode(emulator, { name: 'Dana', tenant: authority })
    const { body } = await redeem(emulator, { code }, { tenant: authority })
    for (const token of [body.access_token, body.id_token]) {
      assert.partialDeepStrictEqual(claimsOf(token), {
        iss: `${emulator.origin}/${CONSUMERS_TENANT_ID}/v2.0`,
        tid: CONSUMERS_TENANT_ID,
        oid: dana.id,
      })
    }
    const renewed = await refresh(emulator, body.refresh_token, {}, { tenant: authority })
    assert.equal(claimsOf(renewed.body.access_token).oid, dana.id)
  })
}

test('a personal account at an app for organisations is AADSTS500200', async () => {
  const emulator = createEmulator()
  const dana = addPersonal(emulator)
  entrance(emulator).signInAudience = 'AzureADMultipleOrgs'
  for (const authority of ['common', 'organizations']) {
    const browser = openBrowser(emulator)
    const picker = await browser.get(authorizeUrl(emulator, {}, authority))
    assertErrorPage(await browser.submit(picker, { account: dana.id }), 500200)
  }
})

test('at /organizations a personal account is AADSTS500200, whomever the app is for', async () => {
  const emulator = createEmulator()
  const dana = addPersonal(emulator)
  entrance(emulator).signInAudience = 'AzureADandPersonalMicrosoftAccount'
  const browser = openBrowser(emulator)
  const picker = await browser.get(authorizeUrl(emulator, {}, 'organizations'))
  assertErrorPage(await browser.submit(picker, { account: dana.id }), 500200)
})

test('at /consumers a work account is AADSTS50020', async () => {
  const emulator = createEmulator()
  entrance(emulator).signInAudience = 'AzureADandPersonalMicrosoftAccount'
  const browser = openBrowser(emulator)
  const picker = await browser.get(authorizeUrl(emulator, {}, 'consumers'))
  assertErrorPage(await browser.submit(picker, { account: SEED.alice }), 50020)
})

test('an app for personal accounts alone is AADSTS9002331 anywhere but at /consumers', async () => {
  const emulator = createEmulator()
  addPersonal(emulator)
  entrance(emulator).signInAudience = 'PersonalMicrosoftAccount'
  const browser = openBrowser(emulator)
  for (const authority of [emulator.tenantId, 'common', 'organizations']) {
    assertErrorPage(await browser.get(authorizeUrl(emulator, {}, authority)), 9002331)
  }
  assert.ok(await getCode(emulator, { name: 'Dana', tenant: 'consumers' }))
})

test('a personal account is given nothing of an API for work accounts (AADSTS500207)', async () => {
  const emulator = createEmulator()
  const dana = addPersonal(emulator)
  const { directory, tenantId } = emulator
  entrance(emulator).signInAudience = 'AzureADandPersonalMicrosoftAccount'
  const api = createApplication({
    tenantId,
    displayName: 'Work',
    identifierUris: ['api://work'],
    api: { requestedAccessTokenVersion: 2, oauth2PermissionScopes: [{ value: 'read' }] },
  })
  directory.applications.push(api)
  const browser = openBrowser(emulator)
  const scope = 'api://work/read'
  const picker = await browser.get(authorizeUrl(emulator, { scope }, 'common'))
  assertErrorPage(await browser.submit(picker, { account: dana.id }), 500207)
})

test('a personal account is given nothing of an API with v1 tokens (AADSTS500201)', async () => {
  const emulator = createEmulator()
  const dana = addPersonal(emulator)
  const application = entrance(emulator)
  application.signInAudience = 'AzureADandPersonalMicrosoftAccount'
  application.api.requestedAccessTokenVersion = null
  const browser = openBrowser(emulator)
  const picker = await browser.get(authorizeUrl(emulator, {}, 'common'))
  assertErrorPage(await browser.submit(picker, { account: dana.id }), 500201)
})
