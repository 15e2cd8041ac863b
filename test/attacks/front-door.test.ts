import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { createEntrance, type EntranceOptions } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { textOf } from '../support/forms.ts'
import { type RunningEntrance, startEntrance } from '../support/start.ts'

const HTML = { accept: 'text/html' }
const PUBLIC = 'https://expenses.example.com'

let server: RunningEntrance
before(async () => {
  server = await startEntrance()
})
after(() => server.stop())

/** The pages of a server that is set up so, as asked for with these headers. */
async function pagesOf(
  options: Partial<EntranceOptions>,
  headers: Record<string, string> = {},
): Promise<string[]> {
  const { tenantId, application, origin: authority } = server.emulator
  const { url = PUBLIC } = options
  const entrance = createEntrance({
    ...{ url, frontDoor: true, store: memoryStore() },
    entra: { tenantId, ...application, authority },
    secret: 'a secret that is long enough for a test',
    ...options,
  })
  const answer = entrance.protect(() => new Response('never'))
  const asked = ['/', '/mcp'].map((path) =>
    answer(new Request(`${url}${path}`, { headers: { ...HTML, ...headers } })),
  )
  const pages = await Promise.all((await Promise.all(asked)).map((response) => response.text()))
  await entrance.close()
  return pages
}

suite('a link to this server that has been tampered with', () => {
  const HOSTS = ['evil.example', 'evil.example:443', 'expenses.example.com.evil.example', '"><b>']

  test('cannot have the front door send clients elsewhere, by Host or by forwarded headers', async () => {
    for (const url of [PUBLIC, 'http://localhost:8000']) {
      for (const host of HOSTS) {
        const [door = '', mcp = ''] = await pagesOf(
          { url },
          {
            host,
            'x-forwarded-host': host,
            forwarded: `host=${host}`,
            'x-forwarded-proto': 'http',
          },
        )
        assert.ok(door.includes(`${url}/mcp`))
        assert.doesNotMatch(door, /evil|"><b>/)
        // On loopback a name that is not ours is refused, in the words that clients know.
        if (url === PUBLIC) assert.doesNotMatch(mcp, /evil|"><b>/)
        else assert.match(mcp, /^\{"jsonrpc"/)
      }
    }
  })

  test('cannot have the front door show anything by its query', async () => {
    const { tenantId, application, origin: authority } = server.emulator
    const entrance = createEntrance({
      ...{ url: PUBLIC, frontDoor: true, store: memoryStore() },
      entra: { tenantId, ...application, authority },
      secret: 'a secret that is long enough for a test',
    })
    const ask = async (query: string) =>
      (await entrance.fetch(new Request(`${PUBLIC}/${query}`, { headers: HTML }))).text()
    assert.equal(await ask('?name=evil&url=javascript:alert(1)'), await ask(''))
    await entrance.close()
  })
})

suite('a server’s name that was written to do harm', () => {
  const NAMES = [
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    '</textarea><script>alert(1)</script>',
    "'; rm -rf ~ #",
    '$(touch /tmp/x) `id` & calc | more',
    '--help',
    'a\n[mcp_servers.other]\ncommand = "sh"',
    '"}, "x": {"command": "sh',
  ]
  for (const name of NAMES) {
    test(`is text and nothing else: ${JSON.stringify(name)}`, async () => {
      const [door = '', mcp = ''] = await pagesOf({ name })
      for (const page of [door, mcp]) {
        assert.doesNotMatch(page, /<(script|img)/)
        assert.ok(
          textOf(page).includes(name.replace(/\s+/g, ' ').replace(/<[^>]*>/g, (tag) => tag)),
        )
      }
      const hrefs = [...door.matchAll(/href="([^"]*)"/g)].map(([, href = '']) => href)
      const schemes = hrefs.map((href) => href.slice(0, href.indexOf(':')))
      const expected = ['data', 'vscode', 'vscode-insiders', 'cursor', 'https']
      assert.deepEqual([...new Set(schemes)].toSorted(), expected.toSorted())
      // In commands and files it has letters, digits and hyphens.
      const texts = [...door.matchAll(/<textarea[^>]*>([^<]*)/g)].map(([, text = '']) =>
        textOf(text),
      )
      assert.ok(texts.length > 8)
      for (const text of texts) {
        if (!text.startsWith('{')) assert.match(text, /^[\w"@/.:=[\] -]+$/)
        else assert.match(text, /^\{ "\w+": \{ "[a-z0-9-]+": \{[^{}]*\} \} \}$/)
      }
      assert.match(door, /claude mcp add --transport http [a-z0-9][a-z0-9-]* https:/)
    })
  }
})

test('the front door is not for a frame of another site, and tells no version', async () => {
  await using open = await startEntrance({
    emulator: server.emulator,
    entrance: { frontDoor: true },
  })
  for (const path of ['/', '/mcp']) {
    const answer = await fetch(`${open.url}${path}`, { headers: HTML })
    assert.equal(answer.headers.get('x-frame-options'), 'DENY')
    assert.match(answer.headers.get('content-security-policy') ?? '', /frame-ancestors 'none'/)
    const all = `${[...answer.headers].join('\n')}\n${await answer.text()}`
    assert.doesNotMatch(all, /entrance[/ ]v?\d|\b0\.1\.0\b|node(\.js)?[/ ]v?\d/i)
  }
})
