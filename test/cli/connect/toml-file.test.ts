import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parse } from 'smol-toml'
import { MergeError } from '../../../src/cli/connect/merge.ts'
import { mergeToml } from '../../../src/cli/connect/toml-file.ts'
import { random } from './random.ts'

const url = 'https://expenses.example.com/mcp'
const wanted = { container: 'mcp_servers', name: 'expenses', entry: { url } }
const table = `[mcp_servers.expenses]\nurl = "${url}"\n`

suite('a file of TOML', () => {
  for (const [title, before, after] of [
    ['that is empty is begun', '', table],
    ['of comments only keeps them', '# ours', `# ours\n\n${table}`],
    [
      'keeps other tables, comments, and blanks at its end',
      'model = "o" # mine\n[mcp_servers.a]\ncommand = "x"\n\n# the last one\n[x]\n\n',
      `model = "o" # mine\n[mcp_servers.a]\ncommand = "x"\n\n# the last one\n[x]\n\n${table}`,
    ],
    [
      'with line ends of Windows keeps them, and gets the last one',
      '\uFEFF[mcp_servers]\r\na.command = "x"',
      `\uFEFF[mcp_servers]\r\na.command = "x"\r\n\r\n${table.replaceAll('\n', '\r\n')}`,
    ],
    [
      'with dotted keys gets a table beside them',
      'mcp_servers.a.url = "x"\n"mcp_servers".\'b\'.url = "y"\n',
      `mcp_servers.a.url = "x"\n"mcp_servers".'b'.url = "y"\n\n${table}`,
    ],
    [
      'with an inline table gets a member of it',
      'x = 1\nmcp_servers = { a = { url = "}" } } # }\ny = 2\n',
      `x = 1\nmcp_servers = { a = { url = "}" }, expenses = { url = "${url}" } } # }\ny = 2\n`,
    ],
    [
      'with an empty inline table too',
      'mcp_servers = {}',
      `mcp_servers = { expenses = { url = "${url}" } }`,
    ],
  ] as const) {
    test(title, () => {
      assert.deepEqual(mergeToml(before, wanted), { state: 'added', text: after })
      assert.deepEqual(mergeToml(after, wanted), { state: 'same', text: after })
    })
  }

  test('that has the entry stays byte for byte, with what a person has added to it', () => {
    for (const text of [
      `[mcp_servers]\r\nexpenses = { enabled = false, url = '${url}' }`,
      `"mcp_servers".'expenses'.url = """${url}"""\n`,
      `[ mcp_servers . "expenses" ] # it\nurl = "${url}"\n[mcp_servers.expenses.tools.x]\ny = 1\n`,
    ]) {
      assert.deepEqual(mergeToml(text, wanted), { state: 'same', text })
    }
  })

  for (const [title, before, after] of [
    [
      'has another entry of that name replaced in its place, with its tables, comments not',
      'a = 1\n["mcp_servers".expenses] # it\ncommand = "x"\n# why\nargs = [\n  "]", # [\n]\n\n# next\n[mcp_servers.expenses.env]\nKEY = """\n[x]\n"""\n# b\n[b]\nc = 1979-05-27\n',
      `a = 1\n["mcp_servers".expenses] # it\nurl = "${url}"\n# why\n\n# next\n# b\n[b]\nc = 1979-05-27\n`,
    ],
    [
      'has dotted keys of that name replaced by a table',
      'mcp_servers.expenses.url = "x"\nmodel = "o"\nmcp_servers.a.url = "y"\n',
      `model = "o"\nmcp_servers.a.url = "y"\n\n${table}`,
    ],
    [
      'has a member of its list replaced by a table',
      '[mcp_servers]\nexpenses = { url = "x" } # it\na = { url = "y" }\n[z]',
      `[mcp_servers]\na = { url = "y" }\n[z]\n\n${table}`,
    ],
    [
      'has a table whose parts stand apart put together',
      '[mcp_servers.expenses.env]\nA = "1"\n[z]\n[mcp_servers.expenses]\ncommand = "x"\n',
      `[z]\n\n${table}`,
    ],
  ] as const) {
    test(title, () => {
      const merged = mergeToml(before, wanted)
      assert.equal(merged.state, 'replaced')
      assert.equal(merged.text, after)
    })
  }

  test('that has the entry by another name says which', () => {
    assert.equal(mergeToml(`[mcp_servers.mine]\nurl = "${url}"\n`, wanted).otherName, 'mine')
  })

  test('tells the address that is replaced, and no secret of it', () => {
    const text = '[mcp_servers.expenses]\nurl = "https://user:pw@old.example.com/mcp?key=1"\n'
    assert.equal(mergeToml(text, wanted).formerUrl, 'https://old.example.com/mcp')
  })

  for (const [title, text, problem] of [
    ['that is none', 'a = 1\n[b\n', /line 2, column \d+: not TOML: /],
    ['that says a thing twice', 'a = 1\na = 2\n', /line 2, column \d+: not TOML: .*redefine/],
    ['that is JSON', '{ "mcpServers": {} }', /line 1, column 1: not TOML: /],
    [
      'with a list of another type',
      'x = 1\nmcp_servers = [1]\n',
      /line 2, column 1: mcp_servers is not a table/,
    ],
    [
      'with a list of tables',
      '\n[[mcp_servers]]\na = 1\n',
      /line 2, column 1: mcp_servers is not a table/,
    ],
    ['with a date for a list', 'mcp_servers = 1979-05-27\n', /mcp_servers is not a table/],
    [
      'with another entry of that name in an inline table',
      'mcp_servers = { expenses = { url = "x" } }',
      /line 1, column 1: another "expenses" is there, in an inline table/,
    ],
    [
      'with an inline table over lines',
      'a = 1\nmcp_servers = {\n  a = { url = "x" }, # b\n}\n',
      /line 2, column 1: mcp_servers is there, in an inline table that has to be changed by hand/,
    ],
    ['that is nested without end', `a = ${'['.repeat(100_000)}`, /not TOML: /],
  ] as const) {
    test(`${title} is refused with the place`, () => {
      assert.throws(
        () => mergeToml(text, wanted),
        (error) => error instanceof MergeError && problem.test(error.message),
      )
    })
  }
})

test('whatever is in a file, the entry is added or replaced, and all else is as it was', () => {
  const { below, pick } = random(5)
  const eol = () => pick(['\n', '\n', '\r\n', ' # [x]\n', '\n\n# "\n', '\n\t\n'])
  const value = (): string =>
    pick([
      ...['1', '0x1F', '1e3', 'inf', 'true', '"#"', "'\\'", '1979-05-27T07:32:00Z', '"\\"]"'],
      ...[
        '"""\n[y]\na = "\\\n  "x"""""',
        "'''\n#'\n'''",
        '[\n1, # ]\n[2],\n]',
        '{ a = "}", b.c = [{}] }',
      ],
    ])
  let replaced = 0
  for (let round = 0; round < 3000; round++) {
    const names = new Map<string, string>()
    const parts = Array.from({ length: below(7) }, (_, i) => {
      const name = pick(['expenses', '"expenses"', 'a', "'b c'", `t${i}`])
      if (names.has(name.replaceAll('"', ''))) return ''
      names.set(name.replaceAll('"', ''), name)
      const own = below(2) ? `x${eol().slice(0, 0)} = ${value()}${eol()}` : ''
      return pick([
        `[mcp_servers.${name}]${eol()}url = ${value()}${eol()}${own}`,
        `[ "mcp_servers" . ${name} ]${eol()}`,
        `[other.${name}]${eol()}k = ${value()}${eol()}`,
        `[mcp_servers.${name}.env]${eol()}"k.l" = ${value()}${eol()}[mcp_servers.${name}]${eol()}${own}`,
        `[[list]]${eol()}${own}`,
      ])
    })
    const root = `r${round} = ${value()}${eol()}${pick(['', `mcp_servers.z.url = ${value()}${eol()}`])}`
    const text = `${root}${parts.join('')}`.replace(/\r?\n$/, () => pick(['\n', '']))
    const before = parse(text)
    const { state, text: after } = mergeToml(text, wanted)
    if (state === 'replaced') replaced++
    assert.notEqual(state, 'same')
    const list = { ...(before.mcp_servers as object), expenses: { ...wanted.entry } }
    assert.deepEqual(plain(parse(after)), plain({ ...before, mcp_servers: list }), text)
    if (state === 'added') assert.ok(after.startsWith(text), text)
    else assert.deepEqual(otherLines(after), otherLines(text), text)
    assert.equal(mergeToml(after, wanted).state, 'same')
  }
  assert.ok(replaced > 500, `${replaced}`)
})

/** The comments that have a line of their own; what is replaced has none of them. */
function otherLines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line === '# "')
}

function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_, one) => (one === Number.POSITIVE_INFINITY ? 'inf' : one)),
  )
}
