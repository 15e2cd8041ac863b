import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { createEmulator, SEED } from '../../src/emulator/emulator.ts'
import { type Answer, authorizeUrl, entrance, heading, openBrowser } from './support.ts'

test('every page forbids scripts, frames, caching and everything from elsewhere', async () => {
  const emulator = createEmulator()
  const browser = openBrowser(emulator)
  const picker = await browser.get(authorizeUrl(emulator))
  const consent = await browser.submit(picker, { account: SEED.alice })
  const pages = [
    picker,
    consent,
    await browser.submit(picker, { account: 'other' }),
    await browser.get(authorizeUrl(emulator, { redirect_uri: 'https://evil.example/' })),
    await browser.get(`${emulator.origin}/${emulator.tenantId}/oauth2/v2.0/logout`),
    await browser.get(`${emulator.origin}/`),
  ]
  for (const page of pages) assertStrict(page)
})

test('every page says that it is the emulator’s', async () => {
  const emulator = createEmulator()
  const page = await openBrowser(emulator).get(authorizeUrl(emulator))
  assert.match(page.text, /<title>Pick an account – Entra ID emulator<\/title>/)
  assert.match(page.text, /not Microsoft/)
})

test('names from the directory and from the request are escaped', async () => {
  const emulator = createEmulator()
  entrance(emulator).displayName = '<script>alert(1)</script>'
  const browser = openBrowser(emulator)
  const picker = await browser.get(authorizeUrl(emulator, { state: '"><script>' }))
  const error = await browser.get(authorizeUrl(emulator, { redirect_uri: '"><script>x' }))
  const consent = await browser.submit(picker, { account: SEED.alice })
  for (const page of [picker, error, consent]) assert.ok(!page.text.includes('<script'))
})

test('cookies are HttpOnly and SameSite=Lax, and Secure where the origin is https', async () => {
  for (const origin of ['http://localhost:8400', 'https://login.example']) {
    const emulator = createEmulator({ origin })
    const browser = openBrowser(emulator)
    const picker = await browser.get(authorizeUrl(emulator))
    const consent = await browser.submit(picker, { account: SEED.alice })
    const lines = [...picker.headers.getSetCookie(), ...consent.headers.getSetCookie()]
    assert.equal(lines.length, 2)
    for (const line of lines) {
      const expected = ['Path=/', 'HttpOnly', 'SameSite=Lax']
      if (origin.startsWith('https')) expected.push('Secure')
      assert.deepEqual(line.split('; ').slice(1), expected)
    }
  }
})

test('the error page has what Entra’s support asks for', async () => {
  const emulator = createEmulator({ now: () => Date.UTC(2026, 7, 13, 21, 24, 29) })
  const id = '5e9242dd-3d62-4e28-8154-c74c5074b7ed'
  const changes = { redirect_uri: 'https://evil.example/', 'client-request-id': id }
  const page = await openBrowser(emulator).get(authorizeUrl(emulator, changes))
  assert.equal(heading(page), 'Sign in')
  assert.match(page.text, new RegExp(`Correlation Id</dt><dd><code>${id}`))
  assert.match(page.text, /Request Id<\/dt><dd><code>[0-9a-f-]{36}</)
  assert.match(page.text, /Timestamp<\/dt><dd><code>2026-08-13 21:24:29Z</)
})

test('the address in an error_uri explains the code', async () => {
  const emulator = createEmulator()
  const page = await openBrowser(emulator).get(`${emulator.origin}/error?code=50011`)
  assert.equal(page.status, 200)
  assert.equal(heading(page), 'AADSTS50011')
  assert.equal((await openBrowser(emulator).get(`${emulator.origin}/error?code=1`)).status, 404)
})

function assertStrict({ headers, text }: Answer): void {
  const style = /<style>([\s\S]*?)<\/style>/.exec(text)?.[1] ?? ''
  const hash = createHash('sha256').update(style).digest('base64')
  const policy = `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; frame-ancestors 'none'`
  assert.equal(headers.get('content-security-policy'), policy)
  assert.equal(headers.get('x-frame-options'), 'DENY')
  assert.equal(headers.get('x-content-type-options'), 'nosniff')
  assert.equal(headers.get('referrer-policy'), 'no-referrer')
  assert.match(headers.get('cache-control') ?? '', /no-store/)
  assert.ok(!/<script|<img|<link| style=| on[a-z]+=/i.test(text), 'plain HTML')
}
