import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { after, suite, test } from 'node:test'
import { type ConnectOptions, connect } from '../../../src/cli/commands/connect.ts'
import { CommandError } from '../../../src/cli/exit-codes.ts'
import { createProgram } from '../../../src/cli/program.ts'
import type { Terminal } from '../../../src/cli/terminal.ts'

const folder = mkdtempSync(join(tmpdir(), 'entrance-connect-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const URL = 'https://expenses.example.com/mcp'
const path = join(folder, 'config.toml')
const OLD = '[mcp_servers.expenses]\nurl = "https://old.example.com/mcp"\n'

/** A person who answers what they are asked. */
function terminalOf(answer: string, signal = new AbortController().signal) {
  const [stdin, stderr] = [new PassThrough(), new PassThrough()]
  const notes: string[] = []
  const terminal = {
    ...{ stdin, stderr, stdout: new PassThrough(), signal },
    ...{ env: { CODEX_HOME: folder }, isInteractive: true },
    out: (text: string) => void notes.push(text),
    note: (text: string) => void notes.push(text),
    format: (_: unknown, text: string) => text,
    formatNote: (_: unknown, text: string) => text,
  } as unknown as Terminal
  const asked = (async () => {
    let text = ''
    for await (const chunk of stderr) {
      text += chunk
      if (text.includes('[y/N]')) break
    }
    return text
  })()
  void asked.then(() => stdin.write(answer))
  return { terminal, notes, asked }
}

suite('a person is asked before another entry of that name is replaced', () => {
  const options: ConnectOptions = { offline: true, name: 'expenses' }

  test('and sees the difference; yes is yes', async () => {
    writeFileSync(path, OLD)
    const { terminal, notes, asked } = terminalOf('y\n')
    await connect('codex', URL, options, terminal)
    assert.match(await asked, /Replace it\? \[y\/N\]/)
    assert.match(notes.join('\n'), /- url = "https:\/\/old.*\n\+ url = "https:\/\/expenses/)
    assert.equal(readFileSync(path, 'utf8'), `[mcp_servers.expenses]\nurl = "${URL}"\n`)
  })

  test('and Enter is no', async () => {
    writeFileSync(path, OLD)
    const { terminal } = terminalOf('\n')
    await assert.rejects(connect('codex', URL, options, terminal), /Nothing was changed/)
    assert.equal(readFileSync(path, 'utf8'), OLD)
  })

  test('and agrees to what was shown only: what has changed since is left', async () => {
    writeFileSync(path, OLD)
    const { terminal, asked } = terminalOf('')
    const running = connect('codex', URL, options, terminal)
    await asked
    writeFileSync(path, `# new\n${OLD}`)
    ;(terminal.stdin as unknown as PassThrough).write('y\n')
    await assert.rejects(running, /has been changed meanwhile/)
    assert.equal(readFileSync(path, 'utf8'), `# new\n${OLD}`)
  })
})

suite('what cannot be meant is refused with what is expected:', () => {
  const refuse = (title: string, words: string[], options: ConnectOptions, expected: RegExp) =>
    test(title, async () => {
      rmSync(path, { force: true })
      const [word, address] = words
      const { terminal } = terminalOf('')
      await assert.rejects(connect(word, address, options, terminal), (error) => {
        assert.ok(error instanceof CommandError)
        assert.equal(error.exitCode, 2)
        assert.match(`${error.message}\n${error.cure}`, expected)
        return true
      })
      assert.ok(!existsSync(path))
    })
  const name = (name: string) => ({ name, offline: true })
  refuse('another case', ['VSCode'], {}, /Did you mean vscode\?\nThere are: vscode, cursor, /)
  refuse('no client', ['emacs'], {}, /^There is no client "emacs"\.\nThere are: /)
  refuse('a name of every object', ['__proto__'], {}, /There is no client/)
  refuse(
    'the URL first',
    [URL],
    {},
    /client comes first, then the URL\.\nentrance connect vscode h/,
  )
  refuse('no scheme', ['codex', 'localhost:8000/mcp'], {}, /is not the URL of an MCP server/)
  refuse('another scheme', ['codex', 'file:///etc/passwd'], {}, /is not the URL of an MCP server/)
  refuse('a password', ['codex', 'https://me:pw@example.com/mcp'], {}, /user name or password/)
  refuse('a fragment', ['codex', `${URL}#a`], {}, /must not contain a fragment/)
  refuse('plain http', ['codex', 'http://example.com/mcp'], {}, /Plain http would.*\nUse https:/)
  refuse(
    'an underscore',
    ['codex', URL],
    name('My_Server'),
    /every client takes\.\n.*me my-server$/,
  )
  refuse('33 letters', ['codex', URL], name('a'.repeat(33)), /Up to 32 of a-z/)
  refuse('no letter', ['codex', URL], name(''), /"" is not a name.*\n.*--name expenses-example-com/)
  refuse('a file of none', ['claude', URL], { user: true }, /has no file.*\nLeave out --user/)
  refuse('a file of none here', ['inspector', URL], { project: true }, /Leave out --project/)

  for (const [words, expected] of [
    [['codex', URL, 'more'], /too many arguments/],
    [['codex', URL, '--name'], /argument missing/],
    [['codex', URL, '--user', '--project'], /cannot be used with option '--project'/],
    [['codex', URL, '--print', '--dry-run'], /cannot be used with option '--dry-run'/],
    [['codex', URL, '--print', '--force'], /cannot be used with option '--force'/],
    [['codex', URL, '--pint'], /Did you mean --print\?/],
  ] as const) {
    test(words.slice(2).join(' '), async () => {
      const program = createProgram()
      let said = ''
      for (const command of program.commands) {
        command.configureOutput({
          writeErr: (text) => {
            said += text
          },
        })
      }
      await assert.rejects(program.parseAsync(['connect', ...words], { from: 'user' }))
      assert.match(said, expected)
    })
  }
})
