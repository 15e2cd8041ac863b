import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { after, test } from 'node:test'
import { withConnection } from '../../../src/cli/client/connect.ts'
import { openCredentialStore } from '../../../src/cli/client/credential-store.ts'
import type { Terminal } from '../../../src/cli/terminal.ts'
import { createBrowser } from '../../support/browser.ts'
import { startEntrance } from '../../support/start.ts'
import { legacyRoute, startFakeServer } from './fake-server.ts'

const folder = mkdtempSync(join(tmpdir(), 'entrance-connect-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/** A terminal with a person at it who opens, in a browser, each address that is printed. */
function personAtTerminal(name: string, visit: (address: string) => Promise<unknown>) {
  const notes: string[] = []
  const visits: Promise<unknown>[] = []
  const stream = () => new PassThrough() as unknown as Terminal['stdin'] & Terminal['stdout']
  const note = (text: string) => {
    notes.push(text)
    const [, address] = /^ {2}(http\S+)$/m.exec(text) ?? []
    if (address) visits.push(visit(address))
  }
  const terminal: Terminal = {
    stdin: stream(),
    stdout: stream(),
    stderr: stream(),
    env: { ENTRANCE_CLIENT_DATA: join(folder, name) },
    signal: new AbortController().signal,
    isInteractive: true,
    out: () => {},
    note,
    format: (_, text) => text,
    formatNote: (_, text) => text,
  }
  return { terminal, notes, visits, store: openCredentialStore(terminal.env) }
}

test('a person at the terminal is asked to sign in, and the work goes on', async () => {
  await using server = await startEntrance()
  const url = new URL(`${server.url}/mcp`)
  const visit = (address: string) => createBrowser().signIn(address)
  const { terminal, notes, store } = personAtTerminal('asked', visit)
  const list = () => withConnection(url, terminal, store, (client) => client.listTools())
  assert.equal((await list()).tools.length, 5)
  assert.equal(notes[0], `You are not signed in to ${url.href}.`)
  const before = notes.length
  assert.equal((await list()).tools.length, 5)
  assert.equal(notes.length, before)

  // What the server has ended is begun anew in the same way.
  await store.update(url.href, (kept) => {
    assert.ok(kept)
    return { ...kept, tokens: { access_token: 'x', refresh_token: 'x' } }
  })
  assert.equal((await list()).tools.length, 5)
  assert.match(notes[before] ?? '', /^Your sign-in to http\S+ is over: \S/)
})

test('the newest revision that the server speaks is spoken', async () => {
  await using server = await startEntrance()
  const visit = (address: string) => createBrowser().signIn(address)
  const { terminal, store } = personAtTerminal('revision', visit)
  const url = new URL(`${server.url}/mcp`)
  const version = await withConnection(url, terminal, store, async (client) =>
    client.getNegotiatedProtocolVersion(),
  )
  assert.equal(version, '2026-07-28')
})

test('a call that needs more scope asks for it together with what was given', async () => {
  const asked: string[] = []
  const answer = legacyRoute([], {})
  await using server = await startFakeServer({
    'POST /mcp': (request, url) => {
      const isWide = request.headers.get('authorization') === 'Bearer wide'
      const isNarrow = request.headers.get('authorization') === 'Bearer narrow'
      if (isWide) return answer(request, url)
      const error = isNarrow ? 'error="insufficient_scope", scope="write", ' : ''
      const metadata = `resource_metadata="${url}/.well-known/oauth-protected-resource/mcp"`
      const headers = { 'www-authenticate': `Bearer ${error}${metadata}, scope="read"` }
      return new Response(null, { status: isNarrow ? 403 : 401, headers })
    },
    'POST /token': () => {
      const access_token = asked.at(-1)?.includes('write') ? 'wide' : 'narrow'
      return Response.json({ access_token, token_type: 'Bearer' })
    },
  })
  const visit = async (address: string) => {
    const { searchParams } = new URL(address)
    asked.push(searchParams.get('scope') ?? '')
    const back = new URL(searchParams.get('redirect_uri') as string)
    back.search = String(new URLSearchParams({ code: 'c', state: searchParams.get('state') ?? '' }))
    await fetch(back)
  }
  const { terminal, notes, store } = personAtTerminal('scope', visit)
  const url = new URL(`${server.url}/mcp`)
  await withConnection(url, terminal, store, async () => {})
  assert.deepEqual(asked, ['read', 'read write'])
  assert.deepEqual(
    notes.filter((note) => !note.startsWith('To sign in')),
    [
      `You are not signed in to ${url.href}.`,
      'This needs more access than you have given: read write.',
    ],
  )
})
