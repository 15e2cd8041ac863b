import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { suite, test } from 'node:test'
import { parse } from 'smol-toml'
import { type Client, type ClientId, clientsFor } from '../../src/connect/clients.ts'
import { toServerName } from '../../src/connect/server-name.ts'
import { commandLine } from '../../src/connect/shell.ts'
import { snippetOf } from '../../src/connect/snippet.ts'
import { REDIRECT_URI_PRESETS } from '../../src/core/clients/presets.ts'

const URL = 'https://expenses.example.com/mcp'
const AWKWARD = "https://example.com/it's%20(a)/mcp?a=1&b=%25$HOME`id`!!;c|d^e~\\"

function client(id: ClientId, url = URL, name = 'Contoso Expenses'): Client {
  const found = clientsFor({ name, url }).find((one) => one.id === id)
  assert.ok(found)
  return found
}

suite('an install link', () => {
  test('of VS Code has the name and the entry of its file, by either edition', () => {
    const [stable, insiders] = client('vscode').links.map(({ href }) => new globalThis.URL(href))
    assert.ok(stable && insiders)
    assert.equal(stable.protocol, 'vscode:')
    assert.equal(insiders.protocol, 'vscode-insiders:')
    for (const { pathname, search } of [stable, insiders]) {
      assert.equal(pathname, 'mcp/install')
      assert.deepEqual(JSON.parse(decodeURIComponent(search.slice(1))), {
        name: 'contoso-expenses',
        type: 'http',
        url: URL,
      })
    }
  })

  test('of VS Code survives being decoded once or twice', () => {
    const url = 'https://example.com/a%20b%2Fc/mcp'
    const query = client('vscode', url).links[0]?.href.split('?')[1] ?? ''
    const once = decodeURIComponent(query)
    assert.equal(JSON.parse(once).url, url)
    assert.equal(JSON.parse(decodeURIComponent(once)).url, url)
  })

  test('of Cursor has the entry of its file in Base64, whatever the address has in it', () => {
    for (const url of [URL, 'http://localhost:8000/mcp', 'https://example.com/~~~/mcp?a=>>?&b=1']) {
      const { searchParams, host, pathname } = new globalThis.URL(
        client('cursor', url).links[0]?.href ?? '',
      )
      assert.equal(`${host}${pathname}`, 'anysphere.cursor-deeplink/mcp/install')
      assert.equal(searchParams.get('name'), 'contoso-expenses')
      const config = Buffer.from(searchParams.get('config') ?? '', 'base64').toString()
      assert.deepEqual(JSON.parse(config), { url: new globalThis.URL(url).href })
    }
  })
})

suite('a client', () => {
  test('has the word that an allow list has for its redirect URIs', () => {
    for (const { id } of clientsFor({ name: 'x', url: URL })) {
      assert.ok(REDIRECT_URI_PRESETS.has(id), id)
    }
  })

  test('has at least one way, and says what is left to do', () => {
    for (const { links, commands, file, words, id } of clientsFor({ name: 'x', url: URL })) {
      assert.ok(links.length + commands.length > 0 || file || words.includes('paste'), id)
      assert.match(words, /\.$/)
    }
  })

  test('is added by its own command', () => {
    const added = (['claude-code', 'codex', 'gemini-cli', 'inspector'] as const).map(
      (id) => client(id).commands[0],
    )
    assert.deepEqual(added, [
      `claude mcp add --transport http contoso-expenses ${URL}`,
      `codex mcp add contoso-expenses --url ${URL}`,
      `gemini mcp add --transport http contoso-expenses ${URL}`,
      `npx "@modelcontextprotocol/inspector" --transport http --server-url ${URL}`,
    ])
  })

  test('of an address that is none is refused', () => {
    assert.throws(() => clientsFor({ name: 'x', url: 'nothing' }), TypeError)
  })
})

suite('a file', () => {
  test('in JSON reads back as its entry at its key', () => {
    const files = clientsFor({ name: 'Expenses', url: AWKWARD }).flatMap(({ file }) => file ?? [])
    assert.ok(files.some(({ format }) => format === 'toml'))
    for (const file of files) {
      const text = snippetOf(file)
      const parsed = file.format === 'json' ? JSON.parse(text) : parse(text)
      assert.deepEqual(JSON.parse(JSON.stringify(parsed)), {
        [file.key]: { [file.name]: file.entry },
      })
      assert.equal(file.entry.url, new globalThis.URL(AWKWARD).href)
    }
  })
})

suite('a server’s name', () => {
  const named = (name: string, url = URL) => toServerName({ name, url })

  test('is its words in lower case, joined by hyphens', () => {
    assert.equal(named('Contoso Expenses (EU)'), 'contoso-expenses-eu')
    assert.equal(named('Dépenses_d’été'), 'depenses-d-ete')
    assert.equal(named('localhost:8000'), 'localhost-8000')
  })

  test('is the host where the name has no letter that clients take', () => {
    assert.equal(named('経費'), 'expenses-example-com')
    assert.equal(named('経費', 'http://[::1]:8000/mcp'), '1-8000')
    assert.equal(named('', 'about:blank'), 'mcp')
  })

  test('is never an option, and never long', () => {
    for (const name of [
      '--help',
      '-e',
      '"; rm -rf ~',
      '\n[x]',
      '../..',
      '%PATH%',
      'a'.repeat(1e6),
    ]) {
      assert.match(named(name), /^[a-z0-9](-?[a-z0-9]){0,31}$/)
    }
    assert.equal(named(`${'a'.repeat(31)} b`), 'a'.repeat(31))
  })
})

suite('a command line', () => {
  test('is left as it is where no shell minds', () => {
    assert.equal(
      commandLine(['codex', 'mcp', 'add', 'x', '--url', URL]),
      `codex mcp add x --url ${URL}`,
    )
  })

  test('gives a shell the words that were meant, and runs nothing', (t) => {
    const { href } = new globalThis.URL(AWKWARD)
    const line = commandLine(['printf', '%s', href])
    for (const shell of ['bash', 'dash', 'zsh']) {
      const { stdout, error } = spawnSync(shell, ['-c', line], { encoding: 'utf8' })
      if (error) t.diagnostic(`${shell} is not here`)
      else assert.equal(decodeURIComponent(stdout), decodeURIComponent(href), shell)
    }
  })

  test('has nothing between its quotes that PowerShell or cmd give a meaning to', () => {
    const line = commandLine(['x', new globalThis.URL(AWKWARD).href])
    assert.match(line, /^x "[^"$`!\\]*"$/)
  })
})
