import { randomBytes } from 'node:crypto'
import type { LogEvent } from '../../src/index.ts'
import { signIn } from './oauth-client.ts'
import { startEntrance } from './start.ts'

// A process that `secrets.test.ts` starts: a server that says a secret, where it is told to.
const [place] = process.argv.slice(2)

let said = ''
await using server = await startEntrance({
  handler: () =>
    Response.json({ error: 'invalid_request', error_description: said }, { status: 400 }),
})
const { client, code, tokens, authorization, browser } = await signIn(server.url)
const logs = server.logs as LogEvent[]
const say = (text: string) => void logs.push({ event: 'planted', message: `It was ${text}.` })

if (place === 'a code in the log') say(code)
if (place === 'the beginning of an access token in the log') {
  say(tokens.access_token.slice(0, tokens.access_token.lastIndexOf('.') + 30))
}
if (place === 'a verifier in the log') say(authorization.code_verifier)
if (place === 'a code of Entra in the log') {
  const token = server.emulator.seen.findLast(({ endpoint }) => endpoint === 'token')
  say(token?.params.get('code') ?? '')
}
if (place === "Entra's client secret in the log") say(server.emulator.application.clientSecret)
if (place === 'a session in the log') {
  const session = browser.cookies.all().find(({ name }) => name === 'entrance-session')
  say(session?.value ?? '')
}
if (place === 'a client assertion in the log') {
  const client_assertion = `e30.e30.${randomBytes(64).toString('base64url')}`
  await client.token({ grant_type: 'refresh_token', client_assertion })
  say(client_assertion)
}
if (place === 'a code that a page led on with in the log') {
  const redirect_uri = 'cursor://anysphere.cursor-mcp/oauth/callback'
  const metadata = { redirect_uris: [redirect_uri] }
  say((await signIn(server.url, { metadata, overrides: { redirect_uri } })).code)
}
if (place === 'a refresh token in an error') said = tokens.refresh_token
await client.mcp(tokens.access_token, { method: 'ping' })
