import { parse } from 'smol-toml'

/** A header or a key with its value, on lines of its own in a valid TOML text. */
export type Statement = {
  readonly kind: 'header' | 'value'
  /** From the root: of a value, its table's header included. */
  readonly path: readonly string[]
  /** Where its first line begins, and where its last one ends, the line end included. */
  readonly start: number
  readonly end: number
  /** Where the value itself ends, before blanks and a comment. */
  readonly valueEnd: number
}

/** The statements of a TOML text that a parser has taken, in their order. */
export function statementsOf(text: string): Statement[] {
  const statements: Statement[] = []
  let table: readonly string[] = []
  for (let start = 0; start < text.length; ) {
    const first = skip(text, start, /[ \t]*/y)
    if (/[#\r\n]/.test(text[first] ?? '\n')) {
      start = lineEnd(text, first)
      continue
    }
    const statement =
      text[first] === '[' ? readHeader(text, start, first) : readValue(text, start, first, table)
    if (statement.kind === 'header') table = statement.path
    statements.push(statement)
    start = statement.end
  }
  return statements
}

const KEY = String.raw`(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')`
const KEYS = String.raw`${KEY}(?:[ \t]*\.[ \t]*${KEY})*`

function readHeader(text: string, start: number, first: number): Statement {
  const [all = '', keys = ''] = match(text, first, `\\[{1,2}[ \\t]*(${KEYS})[ \\t]*\\]{1,2}`)
  const valueEnd = first + all.length
  return { kind: 'header', path: toPath(keys), start, valueEnd, end: lineEnd(text, valueEnd) }
}

function readValue(
  text: string,
  start: number,
  first: number,
  table: readonly string[],
): Statement {
  const [all = '', keys = ''] = match(text, first, `(${KEYS})[ \\t]*=[ \\t]*`)
  const valueEnd = findValueEnd(text, first + all.length)
  const path = [...table, ...toPath(keys)]
  return { kind: 'value', path, start, valueEnd, end: lineEnd(text, valueEnd) }
}

function match(text: string, at: number, source: string): readonly string[] {
  const pattern = new RegExp(source, 'y')
  pattern.lastIndex = at
  const found = pattern.exec(text)
  // The parser has taken it: one of the two is wrong, and nothing may be written.
  if (!found) throw new Error(`No statement at ${at}.`)
  return found
}

/** The parser knows what a key is called. */
function toPath(keys: string): string[] {
  const path: string[] = []
  for (let table: unknown = parse(`${keys} = 0`); typeof table === 'object' && table !== null; ) {
    const [[name, value] = ['', undefined]] = Object.entries(table)
    path.push(name)
    table = value
  }
  return path
}

const STRING = /"""(?:[^\\]|\\.)*?"""(?!")|'''.*?'''(?!')|"(?:[^"\\]|\\.)*"|'[^']*'/sy

/** Brackets and strings go over lines; whatever else ends with the line. */
function findValueEnd(text: string, from: number): number {
  let depth = 0
  let end = from
  for (let at = from; at < text.length; ) {
    const character = text[at] as string
    const isBreak = character === '\n'
    if (depth === 0 && (isBreak || character === '#')) return end
    if (character === '#') {
      at = lineEnd(text, at)
      continue
    }
    const next = /["']/.test(character) ? skip(text, at, STRING) : at + 1
    if (/[[{]/.test(character)) depth++
    if (/[\]}]/.test(character)) depth--
    at = next
    if (!/[ \t\r\n]/.test(character)) end = at
  }
  return end
}

function skip(text: string, at: number, pattern: RegExp): number {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : at + 1
}

/** Where the line of a place ends, its line end included. */
function lineEnd(text: string, at: number): number {
  const end = text.indexOf('\n', at)
  return end < 0 ? text.length : end + 1
}
