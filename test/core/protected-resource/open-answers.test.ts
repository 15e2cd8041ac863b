import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { createOpenAnswers } from '../../../src/core/protected-resource/open-answers.ts'

/** A stream that goes on until it is told otherwise. */
function stream() {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined
  let isCancelled = false
  const body = new ReadableStream<Uint8Array>({
    start: (given) => {
      controller = given
    },
    cancel: () => {
      isCancelled = true
    },
  })
  const headers = { 'content-type': 'text/event-stream' }
  return {
    response: new Response(body, { headers, status: 201 }),
    send: (text: string) => controller?.enqueue(Buffer.from(text)),
    fail: (error: Error) => controller?.error(error),
    close: () => controller?.close(),
    isCancelled: () => isCancelled,
  }
}

suite('an answer that goes on', () => {
  test('arrives as it is, with its status and headers', async () => {
    const source = stream()
    const held = createOpenAnswers().hold(source.response, () => true)
    source.send('a')
    source.send('b')
    source.close()
    assert.equal(held.status, 201)
    assert.equal(held.headers.get('content-type'), 'text/event-stream')
    assert.equal(await held.text(), 'ab')
  })

  test('ends when its token no longer holds, and whoever writes it is told', async () => {
    const answers = createOpenAnswers()
    const source = stream()
    let isLet = true
    const reader = answers.hold(source.response, () => isLet).body?.getReader()
    source.send('a')
    answers.review()
    assert.equal(String(Buffer.from((await reader?.read())?.value ?? [])), 'a')
    const next = reader?.read()
    assert.equal(source.isCancelled(), false)
    isLet = false
    answers.review()
    assert.equal((await next)?.done, true)
    assert.equal(source.isCancelled(), true)
  })

  test('ends likewise where it is JSON without end (RFC 7464, JSON lines)', async () => {
    for (const type of ['application/json-seq', 'application/jsonl', 'application/json-lines']) {
      const answers = createOpenAnswers()
      const { response } = stream()
      response.headers.set('content-type', type)
      const next = answers
        .hold(response, () => false)
        .body?.getReader()
        .read()
      answers.review()
      const late = setTimeout(100, 'goes on', { ref: false })
      assert.deepEqual(await Promise.race([next, late]), { done: true, value: undefined }, type)
    }
  })

  test('is not asked about any more once it has ended, failed or been left', async () => {
    const answers = createOpenAnswers()
    let asked = 0
    const isStillLet = () => {
      asked++
      return true
    }
    const ended = stream()
    const done = answers.hold(ended.response, isStillLet).text()
    ended.close()
    await done
    const failed = stream()
    const failure = answers.hold(failed.response, isStillLet).text()
    failed.fail(new Error('broken'))
    await assert.rejects(failure, { message: 'broken' })
    const left = stream()
    await answers.hold(left.response, isStillLet).body?.cancel()
    assert.equal(left.isCancelled(), true)
    answers.review()
    assert.equal(asked, 0)
  })

  test('is left alone where it is JSON, or has no body', () => {
    const answers = createOpenAnswers()
    for (const response of [Response.json({}), new Response(null, { status: 204 })]) {
      assert.equal(
        answers.hold(response, () => false),
        response,
      )
    }
  })
})
