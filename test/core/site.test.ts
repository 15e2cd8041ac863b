import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isOwnIssuer, siteFor, siteOf, withoutTrailingSlashes } from '../../src/core/site.ts'

test('every address comes of one issuer, which has no slash at its end (spec C3.2)', () => {
  for (const url of ['https://x.example', 'https://x.example/', 'https://x.example//']) {
    assert.deepEqual(siteFor(new URL(url), 'x.example', '/mcp'), {
      issuer: 'https://x.example',
      origin: 'https://x.example',
      prefix: '',
      resource: 'https://x.example/mcp',
      resourceMetadata: 'https://x.example/.well-known/oauth-protected-resource/mcp',
    })
  }
})

test('a path of the base URL goes before the endpoints and behind the well-known part (RFC 9728 §3.1)', () => {
  const site = siteFor(new URL('https://x.example/a/b/'), 'x.example', '/mcp')
  assert.equal(site.issuer, 'https://x.example/a/b')
  assert.equal(site.resource, 'https://x.example/a/b/mcp')
  assert.equal(
    site.resourceMetadata,
    'https://x.example/.well-known/oauth-protected-resource/a/b/mcp',
  )
})

test('the site follows an allow-listed Host, whatever its case, and no other', () => {
  const base = new URL('http://localhost:8000')
  const site = siteFor(base, 'localhost:8000', '/mcp')
  const alias = siteFor(base, '127.0.0.1:8000', '/mcp')
  const config = {
    site,
    sites: new Map([
      ['localhost:8000', site],
      ['127.0.0.1:8000', alias],
    ]),
  }
  assert.equal(siteOf(config, '127.0.0.1:8000'), alias)
  assert.equal(siteOf(config, 'LOCALHOST:8000'), site)
  for (const host of ['evil.example', '127.0.0.1', '', null, undefined, '__proto__']) {
    assert.equal(siteOf(config, host), site)
  }
  assert.equal(isOwnIssuer('http://127.0.0.1:8000', config), true)
  assert.equal(isOwnIssuer('http://127.0.0.1:8001', config), false)
})

test('slashes are cut at the end only', () => {
  const texts = ['', '/', '//', 'a', 'a/', 'a//', '/a', '/a/b/']
  assert.deepEqual(texts.map(withoutTrailingSlashes), ['', '', '', 'a', 'a', 'a', '/a', '/a/b'])
})
