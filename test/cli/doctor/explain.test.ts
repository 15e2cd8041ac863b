import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { explainPasted } from '../../../src/cli/commands/doctor-explain.ts'
import type { Explanation } from '../../../src/cli/doctor/explain/explain.ts'
import { KNOWN_TEXTS } from '../../../src/cli/doctor/explain/texts.ts'
import { createBrowser } from '../../support/browser.ts'
import { createTestTerminal, createWorlds } from './world.ts'

const APP = '70df70fd-6a99-466c-8558-eab9e5b2fd2a'
const OTHER = '5f6b1a8e-0000-4000-8000-00000000abcd'
const ENV = {
  AZURE_TENANT_ID: '160007d1-3e33-4d24-b261-9a263d8f2ed0',
  ENTRA_PROXY_AZURE_CLIENT_ID: APP,
  ENTRA_PROXY_AZURE_CLIENT_SECRET: 'a-secret-that-must-not-be-shown',
  ENTRANCE_URL: 'https://expenses.example.com',
  ENTRANCE_SECRET: 'a secret that is long enough for a test',
}
const IDS =
  'Trace ID: 11111111-2222-4333-8444-555555555555 Correlation ID: 66666666-7777-4888-9999-aaaaaaaaaaaa Timestamp: 2026-11-22 10:00:00Z'

const nobody: typeof fetch = async () => {
  throw new TypeError('fetch failed', { cause: Object.assign(new Error(), { code: 'ENOTFOUND' }) })
}

async function explain(
  pasted: string,
  {
    env = ENV,
    fetch = nobody,
  }: { env?: Record<string, string>; fetch?: typeof globalThis.fetch } = {},
): Promise<{ explanations: readonly Explanation[]; text: string }> {
  const { terminal, text } = createTestTerminal(env)
  await explainPasted([pasted], { json: true }, terminal, { fetch, now: () => NOW })
  return { ...JSON.parse(text()), text: text() }
}

const NOW = Date.parse('2026-11-27T12:00:00Z')

async function explainOne(pasted: string): Promise<Explanation> {
  const { explanations } = await explain(pasted)
  assert.equal(explanations.length, 1, JSON.stringify(explanations))
  return explanations[0] as Explanation
}

const REDIRECT = `AADSTS50011: The redirect URI 'http://expenses.example.com/auth/callback/' specified in the request does not match the redirect URIs configured for the application '${APP}'. ${IDS}`

suite('the same number is found', () => {
  for (const [name, pasted] of [
    ['alone', '50011'],
    ['with its word', 'AADSTS50011'],
    ["in Entra's sentence", REDIRECT],
    ['in a page', `<!doctype html><p class="x">${REDIRECT.replaceAll("'", '&#39;')}</p>`],
    [
      'in an address',
      `https://a.example/cb?error=x&error_description=${encodeURIComponent(REDIRECT)}&state=1`,
    ],
    ['in a form’s encoding', new URLSearchParams({ error_description: REDIRECT }).toString()],
    ['in JSON', JSON.stringify({ error: 'invalid_request', error_description: REDIRECT })],
    ['in a list of numbers', '{"error":"invalid_request","error_codes":[50011]}'],
    ['in the address of its page', 'https://login.microsoftonline.com/error?code=50011'],
    ['in a line of a log', `12:00:00 WRN 1a2b3c4d ${REDIRECT} error="invalid_request"`],
  ] as const) {
    test(name, async () => {
      const { subject, cures, link } = await explainOne(pasted)
      assert.equal(subject, 'AADSTS50011')
      assert.match(cures[0]?.summary ?? '', /auth\/callback/)
      assert.match(link ?? '', /error\?code=50011$/)
    })
  }
})

test('of several numbers each is explained, the first one first', async () => {
  const { explanations } = await explain('AADSTS65001: no consent. Then AADSTS50105, AADSTS65001.')
  assert.deepEqual(
    explanations.map(({ subject }) => subject),
    ['AADSTS65001', 'AADSTS50105'],
  )
})

test('what support asks for is found', async () => {
  const { ids } = await explainOne(REDIRECT)
  assert.deepEqual(ids, {
    traceId: '11111111-2222-4333-8444-555555555555',
    correlationId: '66666666-7777-4888-9999-aaaaaaaaaaaa',
    timestamp: '2026-11-22 10:00:00Z',
  })
})

suite('what Entra saw is held against the configuration', () => {
  for (const [name, pasted, expected] of [
    [
      '50011',
      REDIRECT,
      [/Redirect URI.*http:\/\/ and https:\/\/; the slash at the end/, /Client id.*$/],
    ],
    [
      '700016',
      `AADSTS700016: Application with identifier '${OTHER}' was not found in the directory 'Contoso'.`,
      [new RegExp(`Client id.*${OTHER}.*not the same`), /Directory that was asked.*Contoso/],
    ],
    [
      '650053',
      `AADSTS650053: The application 'E' asked for scope 'mcp-access' that doesn't exist on the resource '00000003-0000-0000-c000-000000000000'.`,
      [/Scope/, /API.*this is Microsoft Graph/],
    ],
    [
      '500011',
      'AADSTS500011: The resource principal named api://expenses was not found in the tenant named Contoso. This can happen',
      [/Application ID URI.*api:\/\/expenses.*not the same/, /Tenant.*Contoso/],
    ],
    [
      '65001',
      `AADSTS65001: The user or administrator has not consented to use the application with ID '${APP}' named 'E'.`,
      [/Client id/],
    ],
    [
      '7000215',
      `AADSTS7000215: Invalid client secret … for a secret added to app '${OTHER}'.`,
      [/not the same/],
    ],
    [
      '7000222',
      `AADSTS7000222: The provided client secret keys for app '${APP}' are expired.`,
      [/Client id/],
    ],
    [
      '50020',
      "AADSTS50020: User account 'eve@other.example' from identity provider 'https://sts.windows.net/x/' does not exist in tenant 'Contoso'",
      [/eve@other\.example/, /sts\.windows\.net/, /Contoso/],
    ],
    [
      '700082',
      'AADSTS700082: The token was issued on 2026-01-01T00:00:00Z and was inactive for 90.00:00:00.',
      [/2026-01-01/, /90/],
    ],
  ] as const) {
    test(`AADSTS${name}`, async () => {
      const { comparisons = [] } = await explainOne(pasted)
      const lines = comparisons.map((one) => Object.values(one).join(' '))
      assert.equal(lines.length, expected.length, lines.join('\n'))
      for (const [i, pattern] of expected.entries()) assert.match(lines[i] ?? '', pattern)
    })
  }
})

test('where nothing is configured, nothing is compared', async () => {
  const { explanations } = await explain(REDIRECT, { env: {} })
  assert.ok(explanations[0]?.comparisons?.every(({ configured }) => configured === undefined))
})

test('a number that is not in the table is explained by the error word', async () => {
  const { title, cures, link } = await explainOne(
    '{"error":"invalid_client","error_description":"AADSTS7999999: Something new."}',
  )
  assert.match(title, /not in the table/)
  assert.match(cures[0]?.summary ?? '', /client secret/)
  assert.match(link ?? '', /7999999/)
})

test('an error word without a number is explained', async () => {
  assert.equal(
    (await explainOne('https://a.example/cb?error=invalid_scope')).subject,
    'invalid_scope',
  )
})

test('what nothing is known of says what to paste, and ends with 3', async () => {
  await assert.rejects(explain('it does not work'), {
    exitCode: 3,
    message: /Nothing in it is known/,
  })
})

test('an empty text is told as such', async () => {
  for (const text of ['', ' \n']) {
    await assert.rejects(explain(text), { exitCode: 3, message: /There is nothing to explain/ })
  }
})

suite('what clients and this server say is recognised', () => {
  for (const [text, id] of [
    [
      'Error: Incompatible auth server: does not support dynamic client registration',
      'no-registration',
    ],
    ['Dynamic client registration not supported', 'no-registration'],
    ['GetDynamicClientRegistrationResultAsync failed. Status Code: NotFound', 'no-registration'],
    ['Incompatible auth server: does not support code challenge method S256', 'no-s256'],
    ['Issuer mismatch in metadata: expected "https://a", received "https://a/"', 'issuer-mismatch'],
    [
      'Incompatible authorization server: authorization server advertised an issuer that does not match the URL its metadata was discovered from',
      'issuer-mismatch',
    ],
    [
      'Protected resource http://a/mcp does not match expected https://a/mcp (or origin)',
      'resource-mismatch',
    ],
    [
      'Resource server does not implement OAuth 2.0 Protected Resource Metadata.',
      'no-resource-metadata',
    ],
    [
      'Existing OAuth client information is required when exchanging an authorization code',
      'lost-client',
    ],
    ['Dynamic Client Registration rejected (HTTP 400)', 'registration-refused'],
    [
      'Error: Dynamic registration failed: Registration to https://a failed',
      'registration-refused',
    ],
    ['Server granted unauthorized scopes', 'scope-echo'],
    ['permissions not granted — some enabled actions may not be callable', 'scope-echo'],
    ['Error getting token from server metadata: 400', 'token-endpoint'],
    [
      'Authorization with the MCP server failed. You can check your credentials.',
      'claude-unreachable',
    ],
    ["Couldn't reach the MCP server", 'claude-unreachable'],
    ['code: Field required', 'claude-no-code'],
    ['Transient error connecting to streamableHttp server', 'state-lost'],
    ['Error: listen EADDRINUSE: address already in use :::3334', 'client-port'],
    ['Streamable HTTP error: Error POSTing to endpoint', 'post-refused'],
    ['Got new credentials, but reconnecting failed: ECONNRESET', 'post-refused'],
    ["Refused to send form data to 'https://a/consent' because it violates", 'form-action'],
    ['ERR_ERL_UNEXPECTED_X_FORWARDED_FOR', 'trust-proxy'],
  ] as const) {
    test(text.slice(0, 60), async () => {
      const { subject, cures } = await explainOne(text)
      assert.equal(subject, id)
      assert.ok(cures.length > 0)
    })
  }

  test('each has a cure and a name of its own', () => {
    assert.equal(new Set(KNOWN_TEXTS.map(({ id }) => id)).size, KNOWN_TEXTS.length)
    assert.ok(KNOWN_TEXTS.every(({ cures }) => cures.length > 0))
  })
})

suite('a log', () => {
  const line = (time: string, properties: Record<string, unknown>, message = 'No.') =>
    JSON.stringify({ '@timestamp': time, level: 'WARN', message, properties })

  test('of the last 24 hours is grouped by number, the commonest first', async () => {
    const { explanations } = await explain(
      [
        line('2026-11-25T00:00:00Z', { event: 'entra.refused', aadsts: 700016 }),
        line('2026-11-27T09:00:00Z', { event: 'entra.refused', aadsts: 7000222 }),
        line('2026-11-27T09:30:00Z', { event: 'entra.refused', aadsts: 50105 }),
        line('2026-11-27T10:00:00Z', { event: 'entra.refused', aadsts: 7000222 }),
        line('2026-11-27T10:00:00Z', { event: 'entra.signed-in' }),
      ].join('\n'),
    )
    const [log, ...codes] = explanations
    assert.deepEqual(
      log?.log?.map(({ code, count }) => [code, count]),
      [
        [7000222, 2],
        [50105, 1],
      ],
    )
    assert.deepEqual(
      codes.map(({ subject }) => subject),
      ['AADSTS7000222', 'AADSTS50105'],
    )
  })
})

suite('a token', async () => {
  const worlds = await createWorlds()
  after(() => worlds.close())

  async function tokenOf(change: (world: Awaited<ReturnType<typeof worlds.open>>) => void) {
    const world = await worlds.open()
    change(world)
    const { emulator, env } = world
    const body = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: emulator.application.clientId,
      client_secret: emulator.application.clientSecret,
      scope: `${emulator.application.clientId}/.default`,
    })
    const response = await fetch(`${emulator.origin}/${emulator.tenantId}/oauth2/v2.0/token`, {
      method: 'POST',
      body,
    })
    const { access_token } = (await response.json()) as { access_token: string }
    return { world, env, access_token }
  }

  const says = ({ explanations }: { explanations: readonly Explanation[] }, claim: string) =>
    explanations[0]?.token?.find((one) => one.claim === claim)

  test('of Entra is verified with the keys of the login host, and not shown', async () => {
    const { world, env, access_token } = await tokenOf(() => {})
    const answer = await explain(`Authorization: Bearer ${access_token}`, { env, fetch })
    assert.match(says(answer, 'signature')?.says ?? '', /^Verified/)
    assert.match(says(answer, 'aud')?.says ?? '', /for this application/)
    assert.match(says(answer, 'scp')?.says ?? '', /no person/)
    for (const part of access_token.split('.')) assert.ok(!answer.text.includes(part))
    await world.close()
  })

  test('that was changed is told from one that was not', async () => {
    const { world, env, access_token } = await tokenOf(() => {})
    const [head, payload = '', signature] = access_token.split('.')
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
    const forged = Buffer.from(JSON.stringify({ ...claims, roles: ['Admin'] })).toString(
      'base64url',
    )
    const answer = await explain(`${head}.${forged}.${signature}`, { env, fetch })
    assert.equal(says(answer, 'signature')?.isFault, true)
    await world.close()
  })

  test('of version 1 says what to set', async () => {
    const { world, env, access_token } = await tokenOf(({ app }) => {
      app.api.requestedAccessTokenVersion = 1
    })
    const answer = await explain(access_token, { env, fetch })
    assert.match(says(answer, 'ver')?.says ?? '', /requestedAccessTokenVersion/)
    await world.close()
  })

  const made = (claims: object, header: object = { alg: 'RS256', kid: 'x' }) => {
    const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
    return `${encode(header)}.${encode(claims)}.c2lnbmF0dXJl`
  }

  for (const [name, claims, claim, pattern] of [
    ['has expired', { exp: 1 }, 'exp', /Expired/],
    ['is not valid yet', { nbf: NOW / 1000 + 3600 }, 'nbf', /clock/],
    ['is for another application', { aud: OTHER }, 'aud', /another application/],
    ['is of another tenant', { tid: OTHER }, 'tid', /another tenant/],
    ['is of another issuer', { iss: 'https://evil.example' }, 'iss', /Another issuer/],
    ['has too many groups', { _claim_names: { groups: 'src1' } }, 'groups', /More groups than fit/],
    ['lacks the scope', { scp: 'User.Read' }, 'scp', /Lacks mcp-access/],
    ['is for Microsoft Graph', { aud: 'https://graph.microsoft.com' }, 'aud', /Microsoft Graph/],
  ] as const) {
    test(`that ${name} says so, and that it is not verified`, async () => {
      const answer = await explain(
        made({ ver: '2.0', aud: APP, scp: 'mcp-access', exp: NOW, ...claims }),
      )
      const remark = says(answer, claim)
      assert.equal(remark?.isFault, true)
      assert.match(remark?.says ?? '', pattern)
      assert.match(says(answer, 'signature')?.says ?? '', /Not verified/)
    })
  }

  test('with names of people shows none of them', async () => {
    const { text } = await explain(
      made({ name: 'Alice Doe', preferred_username: 'alice@x.example', exp: 1 }),
    )
    assert.doesNotMatch(text, /alice/i)
  })
})

test("a page of the emulator's is explained as it comes", async () => {
  const worlds = await createWorlds()
  const world = await worlds.open()
  try {
    const { emulator } = world
    const address = new URL(`${emulator.origin}/${emulator.tenantId}/oauth2/v2.0/authorize`)
    address.searchParams.set('client_id', OTHER)
    const page = await createBrowser().open(address)
    const { explanations } = await explain(page.text)
    assert.equal(explanations[0]?.subject, 'AADSTS700016')
  } finally {
    await world.close()
    await worlds.close()
  }
})
