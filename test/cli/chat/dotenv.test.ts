import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { entrance } from '../client/command.ts'
import { openScene } from './support.ts'
import { createThingsServer } from './things-server.ts'

const { handler } = createThingsServer()
const folder = mkdtempSync(join(tmpdir(), 'entrance-chat-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/** What somebody else has put into their folder. */
writeFileSync(join(folder, '.env'), 'BROWSER=./run-me\nENTRANCE_CLIENT_DATA=./taken\n')

suite('the .env of a folder that is somebody else’s', () => {
  test('does not choose where the tokens are kept', async () => {
    await using scene = await openScene({ handler })
    scene.model.always({ text: 'Well.' })
    const { code, stdout, stderr } = await scene.once('Hello.', { cwd: folder })
    assert.deepEqual([code, stdout, stderr], [0, 'Well.\n', ''])
    assert.equal(existsSync(join(folder, 'taken')), false)
  })

  test('chooses the server only with that said', async () => {
    const other = mkdtempSync(join(tmpdir(), 'entrance-chat-'))
    writeFileSync(
      join(other, '.env'),
      'ENTRANCE_URL=https://127.0.0.2:1\nENTRANCE_CLIENT_DATA=./taken\n',
    )
    await using scene = await openScene({ handler })
    const told = /^You talk to 127\.0\.0\.2:1: this folder’s \.env says so\.\n/
    for (const [words, says] of [
      [['chat', '--once', 'Hello.'], told],
      // Without options, for none is one behind the dashes; the question is missing then.
      [['--', 'chat'], told],
      [['chat', `${scene.server.url}/mcp`, '--once', 'Hello.'], /^(?!You talk)/],
    ] as const) {
      const env = { OPENAI_BASE_URL: scene.model.url, OPENAI_MODEL: 'scripted' }
      const { code, stderr } = await entrance([...words], { cwd: other, env })
      assert.notEqual(code, 0)
      assert.match(stderr, says)
      assert.equal(existsSync(join(other, 'taken')), false)
    }
    rmSync(other, { recursive: true, force: true })
  })

  test('does not choose the program that opens the address of a sign-in', async () => {
    await using scene = await openScene({ handler, signedIn: false })
    const running = scene.talk({ cwd: folder })
    await running.said(/To sign in, go to:/)
    running.child.kill('SIGINT')
    assert.equal((await running.finished).code, 130)
    assert.equal(existsSync(join(folder, 'taken')), false)
  })
})
