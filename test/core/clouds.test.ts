import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { findCloud, graphOrigin } from '../../src/core/clouds.ts'

suite('Microsoft Graph', () => {
  test('is where the metadata of a cloud says', () => {
    const authority = 'https://login.microsoftonline.us'
    assert.equal(graphOrigin(authority, 'graph.microsoft.us'), 'https://graph.microsoft.us')
    assert.equal(graphOrigin(authority, 'dod-graph.microsoft.us'), 'https://dod-graph.microsoft.us')
  })

  test("is at the login host itself where that is an emulator's", () => {
    assert.equal(graphOrigin('http://localhost:8400', 'localhost:8400'), 'http://localhost:8400')
    assert.equal(graphOrigin('https://localhost:8443', 'localhost:8443'), 'https://localhost:8443')
  })

  test('is never spoken to in the clear at Microsoft', () => {
    const origin = graphOrigin('http://localhost:8400', 'graph.microsoft.com')
    assert.equal(origin, 'https://graph.microsoft.com')
  })

  for (const host of [
    ...['evil.example', 'graph.microsoft.com.evil.example', 'graph.microsoft.com@evil.example'],
    ...['graph.microsoft.com/', 'localhost:8401', 'GRAPH.MICROSOFT.COM', '', undefined, null, 1],
    ['graph.microsoft.com'],
  ]) {
    test(`is not believed to be at ${JSON.stringify(host)}`, () => {
      const expected = { name: 'EntraError', isTransient: false, message: /for Microsoft Graph/ }
      assert.throws(() => graphOrigin('http://localhost:8400', host), expected)
    })
  }
})

test('a cloud is known by its login host, an old name included, and by nothing else', () => {
  assert.equal(findCloud('https://login.microsoftonline.com')?.word, 'public')
  assert.equal(findCloud('https://login.chinacloudapi.cn')?.word, 'china')
  for (const other of ['https://contoso.ciamlogin.com', 'http://localhost:8400', '__proto__']) {
    assert.equal(findCloud(other), undefined)
  }
})
