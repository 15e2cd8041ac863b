import * as client from 'openid-client'
import { enterCode, hurry, report, settings, signIn } from './child.js'

const { clientId, clientSecret, redirectUri, scope } = settings
const issuer = new URL(`${settings.authority}/v2.0`)

async function discover(...authentication) {
  const config = await client.discovery(issuer, clientId, ...authentication)
  client.enableNonRepudiationChecks(config)
  return config
}

async function byCode(config) {
  const pkceCodeVerifier = client.randomPKCECodeVerifier()
  const expectedState = client.randomState()
  const expectedNonce = client.randomNonce()
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope: `${scope} openid profile offline_access`,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: expectedState,
    nonce: expectedNonce,
  })
  const checks = { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true }
  return client.authorizationCodeGrant(config, await signIn(url), checks, { scope })
}

function read(tokens) {
  const { token_type, refresh_token, access_token } = tokens
  const { oid, iss, aud } = tokens.claims() ?? {}
  return { token_type, oid, iss, aud, hasBoth: Boolean(refresh_token && access_token) }
}

hurry()

await report({
  discovery: async () => (await discover(clientSecret)).serverMetadata(),

  codeByPost: async () => read(await byCode(await discover(clientSecret))),

  codeByBasic: async () => {
    const basic = client.ClientSecretBasic(clientSecret)
    return read(await byCode(await discover(undefined, basic)))
  },

  refresh: async () => {
    const config = await discover(clientSecret)
    const { refresh_token } = await byCode(config)
    const options = { scope: `${scope} openid` }
    return read(await client.refreshTokenGrant(config, refresh_token, options))
  },

  clientCredentials: async () => {
    const parameters = { scope: settings.defaultScope }
    return client.clientCredentialsGrant(await discover(clientSecret), parameters)
  },

  deviceCode: async () => {
    const config = await discover(undefined, client.None())
    const wanted = { scope: `${scope} openid offline_access` }
    const device = await client.initiateDeviceAuthorization(config, wanted)
    const page = await enterCode(device.verification_uri, device.user_code)
    return { page, ...read(await client.pollDeviceAuthorizationGrant(config, device)) }
  },

  refusal: async () => client.refreshTokenGrant(await discover(clientSecret), 'garbage'),
})
