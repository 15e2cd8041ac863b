import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parseParams, readJson, readParams } from '../../src/core/params.ts'

suite('parameters', () => {
  test('are decoded once, plus signs being blanks', () => {
    const params = parseParams('a=1+2&b=%2B&c=%2525&d=%C3%A4&%65=x&f=a=b==')
    const values = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => params.get(name))
    assert.deepEqual(values, ['1 2', '+', '%25', '\u00e4', 'x', 'a=b=='])
  })

  test('that are empty or absent are undefined (RFC 6749 §3.1)', () => {
    const params = parseParams('a=&b&&=x')
    for (const name of ['a', 'b', 'c', 'toString', '__proto__']) {
      assert.equal(params.get(name), undefined)
    }
  })

  test('called like what every object has are parameters like others', () => {
    const params = parseParams('__proto__=a&constructor=b')
    assert.deepEqual([params.get('__proto__'), params.get('constructor')], ['a', 'b'])
  })

  const WRONG: readonly (readonly [text: string, message: RegExp])[] = [
    ['a=1&a=1', /^The parameter 'a' was sent more than once\.$/],
    ['a=1&%61=2', /^The parameter 'a' was sent more than once\.$/],
    ['a=&a=1', /more than once/],
    ['a=%', /^The value of 'a' is not valid percent-encoded UTF-8\.$/],
    ['a=%zz', /is not valid percent-encoded UTF-8/],
    ['a=%ff', /is not valid percent-encoded UTF-8/],
    ['a=%ed%a0%80', /is not valid percent-encoded UTF-8/],
    ['%ff=a', /^The name of a parameter is not valid percent-encoded UTF-8\.$/],
    ['a=%00', /^The value of 'a' has a NUL character in it\.$/],
    ['a%00=1', /^The name of a parameter has a NUL character in it\.$/],
    [
      Array.from({ length: 65 }, (_, i) => `p${i}=`).join('&'),
      /^More than 64 parameters were sent/,
    ],
    [`a=${'x'.repeat(16 * 1024)}`, /^The request is too large: 16384 bytes at most are read\.$/],
    [`${'n'.repeat(100)}=1&${'n'.repeat(100)}=1`, /^The parameter 'n{40}\.\.\.' was sent/],
  ]
  test('that are not what they should be are refused, by name and without their value', () => {
    for (const [text, message] of WRONG) {
      assert.throws(
        () => parseParams(text),
        { code: 'invalid_request', message },
        text.slice(0, 60),
      )
    }
  })

  test('fill 16 kB and no more', () => {
    const text = `a=${'x'.repeat(16 * 1024 - 2)}`
    assert.equal(parseParams(text).get('a')?.length, 16 * 1024 - 2)
  })
})

suite('the parameters of a request', () => {
  const FORM = 'application/x-www-form-urlencoded'
  const post = (body: string | Buffer | ReadableStream<Uint8Array>, type = FORM) =>
    new Request('https://x.example/?query=1', {
      method: 'POST',
      body,
      duplex: 'half',
      headers: { 'content-type': type },
    } as RequestInit)

  test('are those of the query of a GET, and of the form of a POST alone', async () => {
    assert.equal((await readParams(new Request('https://x.example/?a=1'))).get('a'), '1')
    const form = await readParams(post('a=1'))
    assert.deepEqual([form.get('a'), form.get('query')], ['1', undefined])
  })

  test('come as a form, whatever is said of its charset', async () => {
    for (const type of [`${FORM}; charset=utf-8`, FORM.toUpperCase(), ` ${FORM} ;x`]) {
      assert.equal((await readParams(post('a=1', type))).get('a'), '1')
    }
    for (const type of ['text/plain', 'application/json', 'multipart/form-data; boundary=x', ';']) {
      const message = /^The Content-Type must be application\/x-www-form-urlencoded/
      await assert.rejects(readParams(post('a=1', type)), { status: 415, message })
    }
  })

  test('are bounded while they arrive', async () => {
    let sent = 0
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent++
        controller.enqueue(new Uint8Array(1024).fill(97))
      },
    })
    await assert.rejects(readParams(post(endless)), { status: 413 })
    assert.ok(sent <= 20, `${sent} kB were read`)
  })

  test('that break off are the fault of who sent them', async () => {
    const broken = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.error(new Error('aborted'))
      },
    })
    const message = 'The body did not arrive as a whole.'
    await assert.rejects(readParams(post(broken)), { code: 'invalid_request', message })
  })

  test('that are not UTF-8 are refused', async () => {
    const body = Buffer.from([0x61, 0x3d, 0xff])
    await assert.rejects(readParams(post(body)), { message: 'The body is not valid UTF-8.' })
  })
})

suite('a JSON body', () => {
  const post = (body: string, type = 'application/json') =>
    new Request('https://x.example/', { method: 'POST', body, headers: { 'content-type': type } })

  test('is read whatever it holds', async () => {
    for (const value of [{}, [], null, 'x', 1]) {
      assert.deepEqual(await readJson(post(JSON.stringify(value))), value)
    }
  })

  test('that is none, too large or of another type is refused', async () => {
    for (const text of ['', '{', '{a:1}', '[1,]', "{'a':1}", 'undefined', '\ufeff{'])
      await assert.rejects(readJson(post(text)), { message: 'The body is not valid JSON.' })
    await assert.rejects(readJson(post('['.repeat(17_000))), { status: 413 })
    await assert.rejects(readJson(post('['.repeat(16_000))), { code: 'invalid_request' })
    await assert.rejects(readJson(post('{}', 'text/json')), { status: 415 })
  })
})
