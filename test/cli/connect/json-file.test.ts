import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createScanner, type Node, parseTree } from 'jsonc-parser'
import { mergeJson } from '../../../src/cli/connect/json-file.ts'
import { MergeError } from '../../../src/cli/connect/merge.ts'
import { random } from './random.ts'

const url = 'https://expenses.example.com/mcp'
const wanted = { container: 'servers', name: 'expenses', entry: { type: 'http', url } }
const entry = (indent: string, eol = '\n') =>
  ['{', `  "type": "http",`, `  "url": "${url}"`, '}'].join(`${eol}${indent}`)

suite('a file of JSON', () => {
  for (const [title, before, after] of [
    ['that is empty is begun', '', `{\n  "servers": {\n    "expenses": ${entry('    ')}\n  }\n}\n`],
    [
      'of comments only keeps them',
      '// ours\n/* all */',
      `// ours\n/* all */\n{\n  "servers": {\n    "expenses": ${entry('    ')}\n  }\n}\n`,
    ],
    [
      'of an empty object is opened',
      '{}',
      `{\n  "servers": {\n    "expenses": ${entry('    ')}\n  }\n}`,
    ],
    [
      'with an empty list is opened there',
      '{ "servers": { /* none */ }, "x": 1 }\n',
      `{ "servers": { /* none */\n  "expenses": ${entry('  ')}\n}, "x": 1 }\n`,
    ],
    [
      'keeps other servers, and each comment beside what it is about',
      '{\n\t// all of them\n\t"servers": {\n\t\t"a": { "url": "x" } // the first\n\t\t// more to come\n\t},\n\t"inputs": []\n}',
      `{\n\t// all of them\n\t"servers": {\n\t\t"a": { "url": "x" }, // the first\n\t\t// more to come\n\t\t"expenses": {\n\t\t\t"type": "http",\n\t\t\t"url": "${url}"\n\t\t}\n\t},\n\t"inputs": []\n}`,
    ],
    [
      'keeps trailing commas, and writes one',
      '{\n    "servers": {\n        "a": {}, /* b */ }, // c\n}\n',
      `{\n    "servers": {\n        "a": {}, /* b */\n        "expenses": {\n            "type": "http",\n            "url": "${url}"\n        }, }, // c\n}\n`,
    ],
    [
      'on one line stays on one line',
      '{"x": 1, "servers": {"a": {}}}',
      `{"x": 1, "servers": {"a": {}, "expenses": { "type": "http", "url": "${url}" }}}`,
    ],
    [
      'with line ends of Windows and a BOM keeps both',
      '\uFEFF{\r\n  "inputs": []\r\n}\r\n',
      `\uFEFF{\r\n  "inputs": [],\r\n  "servers": {\r\n    "expenses": ${entry('    ', '\r\n')}\r\n  }\r\n}\r\n`,
    ],
    [
      'has an escaped name understood',
      '{ "serv\\u0065rs": {\n} }',
      `{ "serv\\u0065rs": {\n  "expenses": ${entry('  ')}\n} }`,
    ],
  ] as const) {
    test(title, () => {
      assert.deepEqual(mergeJson(before, wanted), { state: 'added', text: after })
      assert.deepEqual(mergeJson(after, wanted), { state: 'same', text: after })
    })
  }

  test('that has the entry stays byte for byte, with what a person has added to it', () => {
    const text = `{"servers":{"expenses":{"url":"${url}","headers":{"x":"y"},"type":"http",},},}`
    assert.deepEqual(mergeJson(text, wanted), { state: 'same', text })
  })

  test('has another entry of that name replaced, and nothing else', () => {
    const old =
      '{ "url": "https://old.example.com/mcp?key=1", "headers": { "Authorization": "k" } }'
    const file = (value: string) =>
      `{\n  "servers": {\n    "a": 1, // one\n    "expenses": ${value}, // two\n    "b": [2]\n  }\n}`
    assert.deepEqual(mergeJson(file(old), wanted), {
      state: 'replaced',
      text: file(entry('    ')),
      formerUrl: 'https://old.example.com/mcp',
    })
  })

  test('that has the entry by another name says which', () => {
    const text = `{ "servers": { "mine": { "type": "http", "url": "${url}" } } }`
    assert.equal(mergeJson(text, wanted).otherName, 'mine')
  })

  for (const [title, text, problem] of [
    [
      'with an array at its root',
      '[]',
      /line 1, column 1: an object is expected for the file, and an array/,
    ],
    ['with a text at its root', '"x"', /a string is there/],
    [
      'with a list of another type',
      '{\n  "servers": []\n}',
      /line 2, column 14: .*"servers", and an array/,
    ],
    ['with null for a list', '{"servers": null}', /for "servers", and null is there/],
    ['that breaks off', '{\n  "servers": {', /line 2, column 15: not JSON: close brace expected/],
    [
      'with a comma too many',
      '{ "a": 1,, }',
      /line 1, column 10: not JSON: property name expected/,
    ],
    ['with something behind its end', '{}\n{}', /line 2, column 1: not JSON: end of file expected/],
    ['whose comment has no end', '/* a', /line 1, column 1: not JSON: unexpected end of comment/],
    [
      'that lists servers twice',
      '{ "servers": {},\n"servers": {} }',
      /line 2, column 1: "servers" is there a second time/,
    ],
    [
      'that has the name twice',
      '{ "servers": { "expenses": 1, "expenses": 2 } }',
      /"expenses" is there a second time/,
    ],
    ['that is nested without end', '['.repeat(500_000), /nested too deeply/],
  ] as const) {
    test(`${title} is refused with the place`, () => {
      assert.throws(
        () => mergeJson(text, wanted),
        (error) => error instanceof MergeError && problem.test(error.message),
      )
    })
  }
})

test('whatever is in a file, the entry is added, all else is as it was, and so is every comment', () => {
  const { below, pick } = random(11)
  const gap = () =>
    pick([
      '',
      ' ',
      '\n',
      '\r\n',
      '\t',
      '\n    ',
      '/* c */',
      '// d\n',
      ' // "e": { \r\n',
      '/**/ /*,*/',
    ])
  const key = () => JSON.stringify(pick(['a', 'servers', 'b c', '__proto__', '{', '//', 'ü', '']))
  const value = (depth: number): string => {
    if (depth > 3 || below(3) === 0)
      return pick(['1', '-2.5e3', 'true', 'null', '"//x"', '"\\u00e4}"'])
    const isList = below(3) === 0
    const members = Array.from({ length: below(4) }, () =>
      [gap(), isList ? '' : `${key()}${gap()}:${gap()}`, value(depth + 1), gap()].join(''),
    )
    const comma = members.length > 0 && below(3) === 0 ? `,${gap()}` : ''
    const inner = `${members.join(',')}${comma}${gap()}`
    return isList ? `[${inner}]` : `{${inner}}`
  }
  let merged = 0
  for (let round = 0; round < 4000; round++) {
    const list = below(2)
      ? `"servers":${gap()}{${gap()}"x":${value(2)}${below(2) ? ',' : ''}${gap()}}`
      : ''
    const text = `${gap()}{${gap()}${list}${list && below(2) ? `,${gap()}"y":${value(1)}` : ''}${gap()}}${gap()}`
    const extra = below(4) === 0 ? text.replace('"x"', key()) : text
    let after: string
    try {
      after = mergeJson(extra, wanted).text
      merged++
    } catch (error) {
      // Of what is generated, only a name that is there twice.
      assert.match(String(error), /second time/, extra)
      continue
    }
    assert.deepEqual(dataOf(after), withEntry(dataOf(extra) ?? []), after)
    // Every byte of before is there, in its order, and beside them the entry and a comma only.
    const rest = without(after, extra)
    assert.match(
      rest.replace(/\s/g, ''),
      /^,?("servers":\{)?"expenses":\{"type":"http","url":"[^"]+"\}\}?,?$|^,?,?"expenses":\{"type":"http","url":"[^"]+"\},?$/,
      `${JSON.stringify(extra)} → ${JSON.stringify(after)}`,
    )
    assert.deepEqual(commentsOf(after), commentsOf(extra))
    if (isStrict(extra)) JSON.parse(after)
  }
  assert.ok(merged > 3000, `${merged}`)
})

type Pairs = readonly (readonly [unknown, unknown])[]

/** Objects as lists of their members, so that order and every name count. */
function dataOf(text: string): Pairs | undefined {
  const toData = (node: Node): unknown => {
    if (node.type === 'array') return { list: node.children?.map(toData) }
    if (node.type !== 'object') return node.value
    return node.children?.map(({ children: [key, value] = [] }) => [
      key?.value,
      value && toData(value),
    ])
  }
  const root = parseTree(text, [], { allowTrailingComma: true })
  return root && (toData(root) as Pairs)
}

function withEntry(root: Pairs): Pairs {
  const added = ['expenses', Object.entries(wanted.entry)] as const
  if (!root.some(([name]) => name === 'servers')) return [...root, ['servers', [added]]]
  return root.map(([name, value]) =>
    name === 'servers' ? [name, [...(value as Pairs), added]] : [name, value],
  )
}

/** What is left of a text when another's characters are taken out in their order, blanks aside. */
function without(text: string, taken: string): string {
  const { start, end } = commonEnds(text, taken)
  let rest = text.slice(start, text.length - end)
  const middle = taken.slice(start, taken.length - end).replace(/\s/g, '')
  let left = ''
  let at = 0
  // Where both go on alike the file's own character is taken first.
  for (const character of rest) {
    if (character === middle[at]) at++
    else left += character
  }
  rest = left
  assert.equal(at, middle.length, `${JSON.stringify(taken)} is not all in ${JSON.stringify(text)}`)
  return rest
}

function commonEnds(a: string, b: string) {
  const most = Math.min(a.length, b.length)
  let start = 0
  while (start < most && a[start] === b[start]) start++
  let end = 0
  while (end < most - start && a.at(-1 - end) === b.at(-1 - end)) end++
  return { start, end }
}

function commentsOf(text: string): string[] {
  const scanner = createScanner(text)
  const comments: string[] = []
  for (scanner.scan(); scanner.getTokenOffset() < text.length; scanner.scan()) {
    const token = text.slice(scanner.getTokenOffset(), scanner.getPosition())
    if (token.startsWith('/')) comments.push(token)
  }
  return comments
}

function isStrict(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
