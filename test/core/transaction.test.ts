import assert from 'node:assert/strict'
import { mock, suite, test } from 'node:test'
import { TRANSACTION_TTL } from '../../src/core/exchange-cookie.ts'
import { createKeyring } from '../../src/core/keys/keyring.ts'
import {
  type AuthorizationRequest,
  createTransactionId,
  findTransaction,
  formToken,
  isFormToken,
  openRequest,
  recogniseBrowser,
  sealRequest,
  startTransaction,
} from '../../src/core/transaction.ts'

const OLD = 'entrance test vector: forty characters ..'
const NEW = 'entrance test vector: another forty chars '
const keyring = createKeyring([OLD])
const client = {
  digest: 'd'.repeat(43),
  name: 'Editor',
  source: 'registered',
  isConfidential: false,
} as const
const none: ReadonlyMap<string, string> = new Map()

function requestOf(change: Partial<AuthorizationRequest> = {}): AuthorizationRequest {
  return {
    id: 'abcdefgh',
    clientId: 'e1.x',
    redirectUri: 'http://localhost/cb',
    state: 'state',
    codeChallenge: 'c'.repeat(43),
    scope: 'mcp-access',
    issuer: 'https://x.example',
    expiresAt: Math.floor(Date.now() / 1000) + TRANSACTION_TTL,
    ...change,
  }
}

function start(request = requestOf(), cookies = none, isSecure = true) {
  const context = { cookies, keyring, isSecure }
  const started = startTransaction(request, client, context)
  const [name = '', value = ''] =
    (started.setCookies.at(-1) ?? '').split(';')[0]?.split(/=(.*)/s) ?? []
  return { ...started, name, value }
}

suite('a sealed authorization request', () => {
  test('opens as it was, with or without a state', () => {
    for (const state of ['state', '', undefined, '\0\u{1f98a}"\\\ud800']) {
      const request = requestOf({ state })
      assert.deepEqual(openRequest(sealRequest(request, keyring), keyring), request)
    }
  })

  test('opens under a rotated key, and says when its time is over', () => {
    const sealed = sealRequest(requestOf(), keyring)
    assert.equal(typeof openRequest(sealed, createKeyring([NEW, OLD])), 'object')
    assert.equal(openRequest(sealed, createKeyring([NEW])), undefined)
    const old = requestOf({ expiresAt: Math.floor(Date.now() / 1000) })
    assert.equal(openRequest(sealRequest(old, keyring), keyring), 'expired')
  })

  test('that would not fit into a cookie is refused', () => {
    const state = 's'.repeat(2400)
    assert.throws(() => sealRequest(requestOf({ state }), keyring), { message: /shorten state/ })
    // The client_id does not go into the cookie, so it does not count.
    assert.ok(
      sealRequest(requestOf({ clientId: 'c'.repeat(1024), state: 's'.repeat(2000) }), keyring),
    )
  })
})

suite('a transaction', () => {
  test('has a state, nonce and verifier of 256 bits, new each time', () => {
    const exchanges = Array.from({ length: 50 }, () => start().transaction.exchange)
    for (const name of ['state', 'nonce', 'codeVerifier'] as const) {
      const values = exchanges.map((exchange) => exchange[name])
      assert.equal(new Set(values).size, 50)
      for (const value of values) assert.match(value, /^[\w-]{43}$/)
    }
  })

  test('is found by its state in the cookie that it set, and by nothing else', () => {
    const { transaction, name, value } = start()
    const { state } = transaction.exchange
    const find = (asked: string, cookies: ReadonlyMap<string, string>, isSecure = true) =>
      findTransaction(asked, { cookies, keyring, isSecure })?.transaction
    const own = new Map([[name, value]])
    assert.deepEqual(find(state, own), transaction)
    assert.equal(find(state, none), undefined)
    assert.equal(find('x'.repeat(43), own), undefined)
    assert.equal(find(`${state}x`, own), undefined)
    assert.equal(find('', own), undefined)
    assert.equal(find(state, own, false), undefined)
    // Another transaction's cookie under this one's name.
    const other = start()
    assert.equal(find(state, new Map([[name, other.value]])), undefined)
    assert.equal(find(other.transaction.exchange.state, new Map([[other.name, value]])), undefined)
  })

  test('keeps neither the client_id nor the state of Entra in its cookie', () => {
    const { transaction, name, value } = start(requestOf({ clientId: 'e1.the-client-id' }))
    const { state } = transaction.exchange
    assert.ok(!`${name}${value}`.includes(state))
    assert.equal(JSON.stringify(transaction).includes('the-client-id'), false)
  })

  test('ends ten minutes after it began, to the second', () => {
    mock.timers.enable({ apis: ['Date'], now: 1_700_000_000_000 })
    const { transaction, name, value } = start()
    const { state } = transaction.exchange
    const find = () =>
      findTransaction(state, { cookies: new Map([[name, value]]), keyring, isSecure: true })
    mock.timers.setTime(1_700_000_599_000)
    assert.ok(find())
    mock.timers.setTime(1_700_000_600_000)
    assert.equal(find(), undefined)
    mock.timers.reset()
  })

  test('gives its grant an id that only it has', () => {
    const { transaction, name, value } = start()
    const { state } = transaction.exchange
    const found = findTransaction(state, {
      cookies: new Map([[name, value]]),
      keyring,
      isSecure: true,
    })
    assert.equal(found?.transaction.grantId, transaction.grantId)
    assert.match(transaction.grantId, /^[\w-]{22}$/)
    assert.notEqual(start().transaction.grantId, transaction.grantId)
  })

  test('of the largest request makes a cookie that browsers take', () => {
    const longest = { ...client, source: 'configured', name: '\u{1f98a}'.repeat(80) } as const
    const redirectUri = `https://x.example/${'a'.repeat(494)}`
    for (const unit of ['a', '"', '\u00e4', '\u4f60', '\u{1f98a}', '\x01']) {
      let length = 2048
      for (; length > 0; length--) {
        try {
          sealRequest(requestOf({ state: unit.repeat(length), redirectUri }), keyring)
          break
        } catch {
          // One less.
        }
      }
      const request = requestOf({ state: unit.repeat(length), redirectUri })
      const { setCookies } = startTransaction(request, longest, {
        cookies: none,
        keyring,
        isSecure: true,
      })
      const [pair = ''] = (setCookies.at(-1) ?? '').split(';')
      assert.ok(pair.length <= 4096, `${pair.length} bytes`)
    }
  })

  test('drops the oldest ones where all would be too large, and only those', () => {
    mock.timers.enable({ apis: ['Date'], now: 1_700_000_000_000 })
    const cookies = new Map([
      ['__Host-entrance', 'b'.repeat(43)],
      ['other', 'x'.repeat(5000)],
    ])
    const names: string[] = []
    for (let i = 0; i < 12; i++) {
      mock.timers.tick(1000)
      const { setCookies, name, value } = start(requestOf({ state: 's'.repeat(400) }), cookies)
      const deleted = setCookies.slice(0, -1).map((line) => line.split('=')[0] ?? '')
      for (const line of setCookies.slice(0, -1)) assert.match(line, /^[^=]+=; .*Max-Age=0$/)
      assert.deepEqual(deleted, names.splice(0, deleted.length))
      for (const gone of deleted) cookies.delete(gone)
      cookies.set(name, value)
      names.push(name)
    }
    const ours = [...cookies].filter(([name]) => name.startsWith('__Host-entrance'))
    assert.ok(ours.map((pair) => pair.join('=')).join('; ').length <= 6 * 1024)
    assert.ok(names.length >= 4)
    assert.ok(cookies.has('__Host-entrance') && cookies.has('other'))
    mock.timers.reset()
  })
})

suite("the browser's cookie", () => {
  test('is made once, and kept when it looks like ours', () => {
    const made = recogniseBrowser(none, true)
    assert.match(
      made.setCookie ?? '',
      /^__Host-entrance=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
    )
    const kept = recogniseBrowser(new Map([['__Host-entrance', made.browser]]), true)
    assert.deepEqual(kept, { browser: made.browser, setCookie: undefined })
  })

  test('is made anew where there is something else', () => {
    for (const value of ['', 'x', 'A'.repeat(44), `${'A'.repeat(42)}=`]) {
      assert.ok(recogniseBrowser(new Map([['entrance', value]]), false).setCookie)
    }
    const bare = new Map([['entrance', 'A'.repeat(43)]])
    assert.ok(recogniseBrowser(bare, true).setCookie)
  })

  test('and the request are what a form is bound to', () => {
    const token = formToken('browser', 'request', keyring)
    assert.equal(isFormToken(token, 'browser', 'request', keyring), true)
    assert.equal(isFormToken(token, 'browser', 'request', createKeyring([NEW, OLD])), true)
    assert.equal(isFormToken(token, 'browser2', 'request', keyring), false)
    assert.equal(isFormToken(token, 'browser', 'request2', keyring), false)
    assert.equal(isFormToken('', 'browser', 'request', keyring), false)
    assert.equal(isFormToken(token, 'browser', 'request', createKeyring([NEW])), false)
  })
})

test('a transaction has a name for the log that a double click selects', () => {
  for (let i = 0; i < 100; i++) assert.match(createTransactionId(), /^[A-Za-z0-9]{8}$/)
})
