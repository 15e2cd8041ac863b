import { createGroup, type Group, type RunningEmulator, SEED } from '../../src/emulator/emulator.ts'
import { createBrowser, type Page } from './browser.ts'
import { type Authorization, createOAuthClient, json } from './oauth-client.ts'
import { applicationOf } from './scopes.ts'

/** A new security group of the seeded tenant. */
export function addGroup(
  { directory }: RunningEmulator,
  displayName: string,
  members: readonly string[],
): Group {
  const group = createGroup({ tenantId: SEED.tenantId, displayName, members: [...members] })
  directory.groups.push(group)
  return group
}

/** Has access tokens say who is a guest. */
export function nameGuests(emulator: RunningEmulator): void {
  const accessToken = [{ name: 'acct', additionalProperties: [] }]
  applicationOf(emulator).optionalClaims = { idToken: [], accessToken }
}

/** A sign-in with a new client to wherever it ends. */
export async function trySignIn(
  url: string,
  { account = 'Alice', browser = createBrowser() } = {},
): Promise<{ page: Page; authorization: Authorization }> {
  const client = createOAuthClient(url)
  const { client_id } = await json<{ client_id: string }>(await client.register())
  const authorization = client.authorization(client_id)
  const until = authorization.redirect_uri
  return { page: await browser.signIn(authorization.url, { account, until }), authorization }
}
