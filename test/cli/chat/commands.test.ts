import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { printable } from '../../../src/cli/terminal.ts'
import { openScene } from './support.ts'
import { createThingsServer } from './things-server.ts'

const things = createThingsServer()
const scene = await openScene({ handler: things.handler })
after(() => scene[Symbol.asyncDispose]())
const { model } = scene
model.always(({ said }) => ({ text: `You said <${said}>.` }))

/** What acts on a terminal, but for what readline writes at a prompt. */
function actsOn(screen: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what readline writes.
  const outside = screen.replaceAll(/\u001b\[\d*[GJKC]/g, '').replaceAll(/[\n\t\r]/g, '')
  return printable(outside) !== outside
}

suite('a prompt of the server', () => {
  test('is a command, and stands in the help', async () => {
    const { type, sees, ended } = scene.sit()
    await sees(/> /)
    type('/help\n')
    await sees(/\/look_into kind=… \[since=…\] +Looks into things\./)
    await sees(/> /)
    type('/look_into kind="big box" since=May\n')
    await sees(/You said <Look into big box since May\.>/)
    type('/exit\n')
    assert.equal(await ended, undefined)
  })

  test('with wrong arguments names each, and how it is written', async () => {
    const { type, sees, ended } = scene.sit()
    await sees(/> /)
    type('/look_into colour=red lamp\n')
    const [told] = await sees(/Error: \/look_into cannot[\s\S]*> /)
    assert.match(
      told,
      /colour: is not an argument\n.*"lamp" is not written as name=value\n.*kind: is missing\nIt is written \/look_into kind=… \[since=…\]/,
    )
    type('/nothing\n')
    await sees(/There is no \/nothing\.\n\/help lists/)
    type('/exit\n')
    assert.equal(await ended, undefined)
  })

  test('is completed, its values by the server', async () => {
    const { type, sees, ended } = scene.sit()
    await sees(/> /)
    type('/loo\t')
    await sees(/\/look_into/)
    type(' ki\t')
    await sees(/kind=/)
    type('tab\t')
    await sees(/table/)
    type('\n')
    await sees(/You said <Look into table since ever\.>/)
    type('/exit\n')
    assert.equal(await ended, undefined)
  })
})

test('a completion that comes after Enter writes into nothing', async () => {
  const { type, sees, ended } = scene.sit()
  await sees(/> /)
  type('/look_into kind=tab\t\n')
  await sees(/You said <Look into tab since ever\.>/)
  type('/exit\n')
  assert.equal(await ended, undefined)
})

test('lines that are pasted are one message; a backslash continues one', async () => {
  const { type, sees, ended } = scene.sit()
  await sees(/> /)
  type('one\ntwo\nthree')
  await sees(/three/)
  type('\n')
  await sees(/You said <one\ntwo\nthree>\./)
  await sees(/> /)
  type('four \\\n')
  await sees(/… /)
  type('five\n')
  await sees(/You said <four \nfive>\./)
  type('/exit\n')
  assert.equal(await ended, undefined)
})

test('what was typed before comes back with the arrow key', async () => {
  const { type, sees, ended } = scene.sit()
  await sees(/> /)
  type('first\n')
  await sees(/You said <first>\.[\s\S]*> /)
  type('\u001b[A')
  await sees(/first/)
  type('!\n')
  await sees(/You said <first!>\./)
  type('/exit\n')
  assert.equal(await ended, undefined)
})

test('/clear begins a new conversation', async () => {
  model.script(
    ...Array.from({ length: 3 }, () => ({ body }: { body: { messages: readonly unknown[] } }) => ({
      text: `${body.messages.length} messages.`,
    })),
  )
  const { type, sees, ended } = scene.sit()
  await sees(/> /)
  for (const [line, seen] of [
    ['a', /2 messages\.[\s\S]*> /],
    ['b', /4 messages\.[\s\S]*> /],
    ['/clear', /A new conversation begins\.[\s\S]*> /],
    ['c', /2 messages\.[\s\S]*> /],
  ] as const) {
    type(`${line}\n`)
    await sees(seen)
  }
  type('/exit\n')
  assert.equal(await ended, undefined)
})

suite('nothing that comes from outside acts on the terminal', () => {
  const HOSTILE = '\u001b]0;owned\u0007\u001b[2J\u009b31m\u202eevil\u001b'
  const REQUEST = {
    text: `${HOSTILE}\n`,
    calls: [
      { name: 'hostile', args: {} },
      { name: `x${HOSTILE}`, args: { [HOSTILE]: HOSTILE } },
      { name: 'delete_thing', args: { id: HOSTILE } },
    ],
  }

  test('in a conversation', async () => {
    model.script(REQUEST, { text: `${HOSTILE} end` })
    const { type, sees, ended, screen } = scene.sit()
    await sees(/> /)
    type('/help\n')
    await sees(/Ctrl-D, ends the chat[\s\S]*> /)
    type('go\n')
    await sees(/Do it\? \[y\/N\] /)
    type('n\n')
    await sees(/evil end/)
    type('/exit\n')
    assert.equal(await ended, undefined)
    assert.ok(!actsOn(screen()), JSON.stringify(screen()))
  })

  test('with --once and with --json', async () => {
    for (const json of [false, true]) {
      model.script(REQUEST, { text: `${HOSTILE} end` })
      const { ended, screen } = scene.sit({ once: 'go', json })
      await ended
      assert.match(screen(), /evil/)
      assert.ok(!actsOn(screen()), JSON.stringify(screen()))
    }
  })
})
