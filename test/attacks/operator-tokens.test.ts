import assert from 'node:assert/strict'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { suite, test } from 'node:test'
import { type JWTPayload, SignJWT } from 'jose'
import { type VerifyRoleOptions, verifyRoleToken } from '../../src/core/entra/verify-role.ts'

const LOGIN = 'https://login.microsoftonline.com'
const HOME = '160007d1-3e33-4d24-b261-9a263d8f2ed0'
const CUSTOMER = '99999999-8888-4777-a666-555555555555'
const CLIENT = '0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f9'
const ROLE = 'Entrance.Operator'

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })

/** An access token of Entra's with the role, for this application, but for what differs. */
function tokenOf(change: JWTPayload = {}, tid = HOME): Promise<string> {
  const claims = {
    ...{ iss: `${LOGIN}/${tid}/v2.0`, aud: CLIENT, tid, oid: CUSTOMER, ver: '2.0' },
    ...{ azp: '5f5e5d5c-0000-4000-8000-000000000001', roles: [ROLE] },
    ...change,
  }
  const jwt = new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'k' })
  return jwt.setIssuedAt().setNotBefore('0 s').setExpirationTime('1 h').sign(privateKey)
}

function optionsOf(tenantId: string, tenants?: readonly string[]): VerifyRoleOptions {
  const segment = tenantId === 'organizations' ? '{tenantid}' : tenantId
  return {
    tenantId,
    tenants: tenants && new Set(tenants),
    issuer: `${LOGIN}/${segment}/v2.0`,
    clientId: CLIENT,
    identifierUri: `api://${CLIENT}`,
    keys: { find: async () => publicKey, issuersOf: () => [undefined] },
  }
}

const operate = (token: string, options: VerifyRoleOptions) => verifyRoleToken(token, ROLE, options)

suite("the operator's port of one tenant", () => {
  const options = optionsOf(HOME)

  test('is opened by an access token with the role', async () => {
    const holder = await operate(await tokenOf(), options)
    assert.deepEqual(holder, { tid: HOME, oid: CUSTOMER })
  })

  test('is not opened by an ID token, which has the roles of its person too', async () => {
    const idToken = await tokenOf({ azp: undefined, nonce: 'n', preferred_username: 'a@b.example' })
    await assert.rejects(operate(idToken, options), { message: /^The token is no access token/ })
  })

  const REFUSED: readonly (readonly [string, JWTPayload, RegExp])[] = [
    ['for another application', { aud: CUSTOMER }, /for the audience/],
    ['of version 1', { ver: '1.0' }, /of version 1\.0/],
    ['without the role', { roles: ['Entrance.Reader'] }, /lacks the app role/],
    ['with the role as a text', { roles: ROLE }, /lacks the app role/],
    ['of another tenant', { tid: CUSTOMER }, /of another tenant/],
    ['of another issuer', { iss: `${LOGIN}/${CUSTOMER}/v2.0` }, /has the issuer/],
    ['about nobody', { oid: undefined }, /has no oid/],
    ['that ended long ago', { exp: 1_700_000_000 }, /cannot be accepted: "exp"/],
  ]
  for (const [title, change, message] of REFUSED) {
    test(`is not opened by a token ${title}`, async () => {
      const claims = { ...change }
      const { exp, ...rest } = claims
      const token =
        exp === undefined
          ? await tokenOf(rest)
          : await new SignJWT({ iss: options.issuer, aud: CLIENT, iat: 1, nbf: 1, exp })
              .setProtectedHeader({ alg: 'RS256', kid: 'k' })
              .sign(privateKey)
      await assert.rejects(operate(token, options), { message })
    })
  }

  test('is not opened by a token that is signed with a text that somebody knows', async () => {
    const secret = randomBytes(32)
    const forged = await new SignJWT({ roles: [ROLE] })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(secret)
    await assert.rejects(operate(forged, options), { message: /cannot be accepted/ })
  })
})

suite("the operator's port of several tenants", () => {
  test('is not opened by a role that a customer’s administrator gave their own people', async () => {
    const options = optionsOf('organizations', [HOME, CUSTOMER])
    for (const tid of [HOME, CUSTOMER]) {
      const refused = operate(await tokenOf({}, tid), options)
      await assert.rejects(refused, { message: /only where one tenant is let in/ })
    }
  })

  test('is not opened by a role of a tenant that anybody can have', async () => {
    const refused = operate(await tokenOf({}, CUSTOMER), optionsOf('organizations'))
    await assert.rejects(refused, { message: /only where one tenant is let in/ })
  })

  test('is opened by the one tenant that is let in, and by no other', async () => {
    const options = optionsOf('organizations', [HOME])
    assert.equal((await operate(await tokenOf(), options)).tid, HOME)
    const refused = operate(await tokenOf({}, CUSTOMER), options)
    await assert.rejects(refused, { message: /only where one tenant is let in/ })
  })
})
