import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { decodeJwt } from 'jose'
import { clientDocument, startInternet } from '../../support/internet.ts'
import { publishDocuments, untilDocumentsAreFetched } from '../../support/published-documents.ts'
import { noteSecret } from '../../support/secrets.ts'
import { startEntrance } from '../../support/start.ts'
import { entrance } from './command.ts'
import { createPerson } from './person.ts'

const SECRET = 'a secret between this client and its server'
const REDIRECT_URI = 'http://127.0.0.1/callback'

suite('entrance client, known to Entrance by', () => {
  for (const [what, proof] of [
    ['an id and a secret', { client_secret: SECRET }],
    ['an id alone', { token_endpoint_auth_method: 'none' }],
  ] as const) {
    test(`${what} of the configuration, signs in where nobody may register`, async () => {
      noteSecret('the secret of a configured client', SECRET)
      const named = { client_id: 'mine', redirect_uris: [REDIRECT_URI], ...proof }
      await using server = await startEntrance({
        entrance: { clients: [named], registration: { mode: 'off' } },
      })
      await using alice = await createPerson(server)
      const secret = { ...('client_secret' in proof && { ENTRANCE_CLIENT_SECRET: SECRET }) }
      const login = ['client', 'login', `${server.url}/mcp`, '--client-id', 'mine']
      const { code, stdout, stderr } = await entrance(login, {
        env: { ...alice.desktop.env, ...secret },
      })
      assert.equal(code, 0, stderr)
      assert.doesNotMatch(stdout + stderr, new RegExp(SECRET))
      assert.equal(await clientOf(alice), 'mine')
    })
  }

  test('a wrong secret is told so', async () => {
    const named = { client_id: 'mine', redirect_uris: [REDIRECT_URI], client_secret: SECRET }
    await using server = await startEntrance({ entrance: { clients: [named] } })
    await using alice = await createPerson(server)
    const login = ['client', 'login', `${server.url}/mcp`, '--client-id', 'mine']
    const { code, stderr } = await entrance(login, {
      env: { ...alice.desktop.env, ENTRANCE_CLIENT_SECRET: `not ${SECRET}` },
    })
    assert.equal(code, 1)
    assert.match(
      stderr,
      /does not take the client mine\.\nIts id, its secret \(ENTRANCE_CLIENT_SECRET\)/,
    )
  })

  test('its metadata document, signs in without a registration', async () => {
    const document = 'https://app.example.com/entrance-client.json'
    await using internet = await startInternet()
    await publishDocuments(internet)
    internet.publish(document, clientDocument(document, { redirect_uris: [REDIRECT_URI] }))
    await using server = await startEntrance({ internet })
    await untilDocumentsAreFetched(server.url)
    await using alice = await createPerson(server)
    const { code, stderr } = await alice.run('login', '--client-metadata-url', document)
    assert.equal(code, 0, stderr)
    assert.equal(await clientOf(alice), document)
    assert.ok(!server.logs.some(({ event }) => event === 'client.registered'))
  })
})

/** Whose access token is kept, once it has opened the door. */
async function clientOf(person: Awaited<ReturnType<typeof createPerson>>): Promise<unknown> {
  const { code, stdout, stderr } = await person.run('tools')
  assert.equal(code, 0, stderr)
  assert.match(stdout, /get_expenses/)
  return decodeJwt(person.kept()?.tokens?.access_token ?? '').client_id
}
