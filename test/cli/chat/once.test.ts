import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { startEntranceCommand } from '../client/command.ts'
import { openScene } from './support.ts'
import { createThingsServer } from './things-server.ts'

const things = createThingsServer()
const scene = await openScene({ handler: things.handler })
after(() => scene[Symbol.asyncDispose]())
const { model } = scene

model.always(({ results }) =>
  results.length === 0
    ? { text: 'Let me look.', calls: [{ name: 'list_things', args: {} }] }
    : { text: 'There are two.' },
)

suite('--once', () => {
  test('writes the answer to stdout, and all else to stderr', async () => {
    const { code, stdout, stderr } = await scene.once('How many things?')
    assert.deepEqual([code, stdout], [0, 'There are two.\n'])
    assert.equal(stderr, 'Let me look.\n→ list_things {}\n  Two things.\n')
  })

  test('takes the question from stdin, with - and where stdin is no terminal', async () => {
    for (const args of [['--once', '-'], []]) {
      const running = scene.talk({ args, isTerminal: false })
      running.child.stdin?.end('How many\nthings?\n')
      const { code, stdout } = await running.finished
      assert.deepEqual([code, stdout], [0, 'There are two.\n'])
      assert.equal(model.requests.at(-1)?.said, 'How many\nthings?')
    }
  })

  test('leaves a stdin that never ends alone', async () => {
    const running = scene.talk({ args: ['--once', 'How many?'], isTerminal: false })
    const { code, stdout } = await running.finished
    assert.deepEqual([code, stdout], [0, 'There are two.\n'])
  })

  test('refuses no question, and one that is too long', async () => {
    for (const [question, told] of [
      [' \n', /^There is no question/],
      ['x'.repeat(50_001), /50001 characters; 50000 are the most/],
    ] as const) {
      assert.match(String((await scene.sit({ once: question }).ended)?.message), told)
    }
  })
})

suite('--json', () => {
  test('writes one object: answer, calls with their results, usage, model', async () => {
    const { code, stdout } = await scene.once('How many things?', { args: ['--json'] })
    assert.equal(code, 0)
    const { usage, ...record } = JSON.parse(stdout)
    assert.deepEqual(record, {
      server: `${scene.server.url}/mcp`,
      model: `scripted (OpenAI-compatible, ${new URL(model.url).host})`,
      text: 'There are two.',
      toolCalls: [
        {
          name: 'list_things',
          arguments: {},
          outcome: 'done',
          result: {
            things: [
              { id: 't1', name: 'lamp' },
              { id: 't2', name: 'Do it? [y/N] y\n> yes' },
            ],
          },
        },
      ],
      steps: 2,
    })
    assert.ok(usage.inputTokens > 0 && usage.outputTokens > 0, JSON.stringify(usage))
    assert.equal(usage.totalTokens, usage.inputTokens + usage.outputTokens)
  })

  test('tells what was done before it failed, and why it did', async () => {
    model.script(
      { calls: [{ name: 'add_thing', args: { id: 't3' } }] },
      { text: 'I have ad', cutAfter: 4 },
    )
    const { ended, out } = scene.sit({ once: 'Add.', json: true })
    assert.equal((await ended)?.exitCode, 1)
    const { toolCalls, error } = JSON.parse(out())
    assert.deepEqual(toolCalls, [
      { name: 'add_thing', arguments: { id: 't3' }, outcome: 'done', result: 'did add t3' },
    ])
    assert.match(error, /cut off in the middle/)
  })

  test('is written too where there is no model to ask', async () => {
    for (const [env, code, told] of [
      [{ OPENAI_BASE_URL: '', OPENAI_MODEL: '' }, 2, /model/],
      [{ OPENAI_MODEL: '', OPENAI_BASE_URL: 'http://127.0.0.1:1/v1' }, 1, /127\.0\.0\.1:1/],
    ] as const) {
      const { ended, out } = scene.sit({ once: 'How many?', json: true, env })
      assert.equal((await ended)?.exitCode, code)
      const { model: asked, toolCalls, error } = JSON.parse(out())
      assert.deepEqual([asked, toolCalls], [null, []])
      assert.match(error, told)
    }
  })

  test('is refused in a conversation', async () => {
    const error = await scene.sit({ json: true }).ended
    assert.deepEqual([error?.exitCode, error?.message], [2, '--json is for one question.'])
  })
})

test('without a model, the variables that name one are told', async () => {
  const running = startEntranceCommand(['chat', `${scene.server.url}/mcp`, '--once', 'Hello.'])
  running.child.stdin?.end()
  const { code, stdout, stderr } = await running.finished
  assert.deepEqual([code, stdout], [2, ''])
  assert.match(stderr, /No model is configured\.\n[\s\S]*AZURE_OPENAI_ENDPOINT[\s\S]*OLLAMA_MODEL/)
})

test('without a URL, that of ENTRANCE_URL is meant', async () => {
  const { ended, out } = scene.sit({
    once: 'How many?',
    url: '',
    env: { ENTRANCE_URL: scene.server.url },
  })
  assert.equal(await ended, undefined)
  assert.equal(out(), 'There are two.\n')
})

test('Ctrl-C ends the command, which says so', async () => {
  model.script({ text: 'A long story', silentAfter: 3 })
  const running = scene.talk({ args: ['--once', 'Tell me.'], isTerminal: false })
  const before = model.requests.length
  while (model.requests.length === before) await new Promise((resolve) => setTimeout(resolve, 20))
  running.child.kill('SIGINT')
  const { code, stderr } = await running.finished
  assert.equal(code, 130)
  assert.match(stderr, /Interrupted\./)
})

test('in a conversation it ends the answer first', async () => {
  model.script({ text: 'A long story', silentAfter: 3 })
  const running = scene.talk()
  await running.said(/> /)
  running.child.stdin?.write('Tell me.\n')
  await running.wrote(/A/)
  running.child.kill('SIGINT')
  await running.said(/Stopped\.[\s\S]*> /)
  running.child.stdin?.write('How many?\n')
  await running.said(/Two things\.[\s\S]*> /)
  running.child.stdin?.write('/exit\n')
  const { code, stdout } = await running.finished
  assert.equal(code, 0)
  assert.match(stdout, /There are two\.\n$/)
})
