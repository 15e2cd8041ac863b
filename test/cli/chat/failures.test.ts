import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { MAX_STEPS } from '../../../src/cli/chat/answer.ts'
import { MAX_CALLS } from '../../../src/cli/chat/run-calls.ts'
import { refusal } from '../../support/scripted-model.ts'
import { startEntrance } from '../../support/start.ts'
import { expired } from '../client/person.ts'
import { openScene } from './support.ts'
import { createThingsServer } from './things-server.ts'

const things = createThingsServer()
const scene = await openScene({ handler: things.handler })
after(() => scene[Symbol.asyncDispose]())
const { model } = scene

const ADD = { name: 'add_thing', args: { id: 't3' } }

suite('an answer that fails is told, and its tool calls are not run', () => {
  for (const [what, reply, told] of [
    [
      'cut off in the middle of its text',
      { text: 'Once upon a time', cutAfter: 4 },
      /cut off in the middle/,
    ],
    [
      'that ends without saying so',
      { text: 'Once', calls: [ADD], finish: null },
      /cut off in the middle/,
    ],
    ['too long for the model', { text: 'Once', calls: [ADD], finish: 'length' }, /longest answer/],
    ['held back by a filter', { text: '', finish: 'content_filter' }, /filter/],
    [
      'for another reason',
      { text: 'Once', calls: [ADD], finish: 'odd' },
      /without saying that it is whole/,
    ],
    ['refused', refusal(400, 'bad', 'No such thing.'), /No such thing\./],
  ] as const) {
    test(`${what}`, async () => {
      model.always(reply)
      things.done.length = 0
      const { ended, out } = scene.sit({ once: 'Tell me.' })
      const error = await ended
      assert.equal(error?.exitCode, 1)
      assert.match(error.message, told)
      assert.deepEqual(things.done, [])
      assert.doesNotMatch(out(), /Error/)
    })
  }

  test('a chat goes on after it', async () => {
    model.script({ text: 'Half an answer', cutAfter: 4 })
    model.always(({ body }) => ({ text: `${body.messages.length} messages.` }))
    const { type, sees, ended } = scene.sit()
    await sees(/> /)
    type('Tell me.\n')
    await sees(/^Half[^\n]*\nError: /m)
    await sees(/> /)
    type('And now?\n')
    // The instructions and the new question: of the one before, nothing came.
    await sees(/2 messages\./)
    type('/exit\n')
    assert.equal(await ended, undefined)
  })
})

suite('a model that runs wild is stopped', () => {
  test('when it calls tools without end', async () => {
    const before = model.requests.length
    model.always({ calls: [ADD] })
    const { ended } = scene.sit({ once: 'Add.' })
    assert.match(String((await ended)?.message), /did not come to an end in 20 steps/)
    assert.equal(model.requests.length - before, MAX_STEPS)
  })

  test('when it calls too much at once', async () => {
    things.done.length = 0
    model.always(({ results }) =>
      results.length === 0
        ? { calls: Array.from({ length: MAX_CALLS + 5 }, () => ADD) }
        : { text: String(results.at(-1)) },
    )
    const { ended, out } = scene.sit({ once: 'Add.' })
    assert.equal(await ended, undefined)
    assert.equal(things.done.length, MAX_CALLS)
    assert.equal(out(), 'Not run: 20 calls at once are the most.\n')
  })

  test('when it writes without end', async () => {
    const delta = { content: 'x'.repeat(250_000) }
    const chunk = { id: 'c', object: 'chat.completion.chunk', choices: [{ index: 0, delta }] }
    model.always({ text: 'Much:', lines: [`data: ${JSON.stringify(chunk)}`, ''] })
    const { ended } = scene.sit({ once: 'Write.' })
    assert.match(String((await ended)?.message), /wrote more than 200000 characters at once/)
  })
})

suite('Ctrl-C', () => {
  test('stops an answer; the chat goes on, and knows what was done', async () => {
    model.script({ calls: [ADD] }, { text: 'A long story', silentAfter: 3 })
    model.always(({ body }) => ({ text: body.messages.map((one) => one.role).join(' ') }))
    const { type, sees, ended, interrupt } = scene.sit()
    await sees(/> /)
    type('Add it.\n')
    await sees(/did add t3/)
    await sees(/A/)
    interrupt()
    await sees(/Stopped\.[\s\S]*> /)
    type('And?\n')
    await sees(/system user assistant tool assistant user/)
    type('/exit\n')
    assert.equal(await ended, undefined)
  })

  test('twice at the prompt ends the chat, and so does Ctrl-D', async () => {
    for (const keys of ['\u0003', '\u0004']) {
      const { type, sees, ended } = scene.sit()
      await sees(/> /)
      type(keys)
      if (keys === '\u0003') {
        await sees(/Ctrl-C once more, or Ctrl-D, ends the chat\.[\s\S]*> /)
        type(keys)
      }
      assert.equal(await ended, undefined)
    }
  })
})

suite('the server', () => {
  test('away in the middle of a chat is told, and used again once it is back', async () => {
    await using own = await openScene({ handler: things.handler })
    own.model.always(({ results }) =>
      results.length === 0 ? { calls: [ADD] } : { text: `Came: ${results[0]}` },
    )
    const { type, sees, ended } = own.sit()
    await sees(/> /)
    await own.server.stop()
    type('Add it.\n')
    await sees(/Error: [^\n]*nothing listens[\s\S]*> /)
    await using _ = await startEntrance({ port: own.server.port, handler: things.handler })
    type('Add it.\n')
    // Another server with other keys: it knows neither the tokens nor the client.
    await sees(/no longer knows this client[\s\S]*Sign in again now\? \[y\/N\] /)
    type('n\n')
    await sees(/Sign in with: entrance client login[\s\S]*> /)
    type('/exit\n')
    assert.equal(await ended, undefined)
  })

  test('that knows the session no longer is connected to again, and the call made once', async () => {
    const lost = { next: false }
    const own = createThingsServer()
    await using other = await openScene({
      handler: async (request, context) => {
        if (!lost.next || !(await request.clone().text()).includes('"tools/call"')) {
          return own.handler(request, context)
        }
        lost.next = false
        return new Response('No such session', { status: 404 })
      },
    })
    other.model.always(({ results }) =>
      results.length === 0 ? { calls: [ADD] } : { text: `Came: ${results[0]}` },
    )
    lost.next = true
    const { ended, out } = other.sit({ once: 'Add it.' })
    assert.equal(await ended, undefined)
    assert.deepEqual([out(), own.done, lost.next], ['Came: did add t3\n', ['add t3'], false])
  })

  test('that does what it is asked, and whose answer is lost: --json says that it may be done', async () => {
    const own = createThingsServer()
    await using other = await openScene({
      handler: async (request, context) => {
        const isCall = (await request.clone().text()).includes('"tools/call"')
        const answer = await own.handler(request, context)
        return isCall ? new Response('Bad gateway', { status: 502 }) : answer
      },
    })
    other.model.always({ calls: [ADD, ADD] })
    const { ended, out } = other.sit({ once: 'Add it.', json: true })
    assert.equal((await ended)?.exitCode, 1)
    assert.deepEqual(own.done, ['add t3'])
    const { toolCalls, error } = JSON.parse(out())
    assert.deepEqual(toolCalls, [
      {
        name: 'add_thing',
        arguments: { id: 't3' },
        outcome: 'failed',
        result: 'Stopped while it ran: it is not known whether it was done.',
      },
    ])
    assert.match(error, /502/)
  })

  test('renews an access token that runs out in a chat without a word', async () => {
    model.always({ text: 'Well.' })
    const { type, sees, ended, screen } = scene.sit()
    await sees(/> /)
    type('One.\n')
    await sees(/Well\.[\s\S]*> /)
    scene.person.keep(expired)
    const before = scene.person.kept()?.tokens?.access_token
    model.always(({ results }) =>
      results.length === 0 ? { calls: [ADD] } : { text: `Came: ${results[0]}` },
    )
    type('Two.\n')
    await sees(/Came: did add t3/)
    assert.notEqual(scene.person.kept()?.tokens?.access_token, before)
    assert.doesNotMatch(screen(), /[Ss]ign/)
    type('/exit\n')
    assert.equal(await ended, undefined)
  })

  test('that has ended the sign-in is signed in to again in the chat, which goes on', async () => {
    await using own = await openScene({ handler: things.handler })
    own.model.always(({ results }) =>
      results.length === 0 ? { calls: [ADD] } : { text: `Came: ${results[0]}` },
    )
    const { type, sees, ended } = own.sit({ browser: false })
    await sees(/> /)
    // Revoked: neither token is good any more.
    own.person.keep((kept) => ({
      ...kept,
      tokens: { access_token: 'x', refresh_token: 'not ours' },
    }))
    type('Add it.\n')
    await sees(/is over: [^\n]*\n[\s\S]*Sign in again now\? \[y\/N\] /)
    type('y\n')
    const [, address = ''] = await sees(/^ {2}(http\S+)\n/m)
    await own.person.desktop.browser.signIn(address, { account: 'Alice' })
    await sees(/Came: did add t3/)
    type('/exit\n')
    assert.equal(await ended, undefined)
  })

  test('is signed in to at the start where nobody is', async () => {
    await using own = await openScene({ handler: things.handler, signedIn: false })
    const script = own.sit({ once: 'Add it.' })
    const error = await script.ended
    assert.match(
      `${error?.message} ${error?.cure}`,
      /not signed in to .* Sign in with: entrance client login/,
    )
    const { type, sees, ended } = own.sit({ browser: false })
    const [, address = ''] = await sees(/^ {2}(http\S+)\n/m)
    await own.person.desktop.browser.signIn(address, { account: 'Alice' })
    await sees(/Things at http\S+, with scripted[\s\S]*> /)
    type('/exit\n')
    assert.equal(await ended, undefined)
  })
})
