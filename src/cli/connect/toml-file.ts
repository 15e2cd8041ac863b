import { isDeepStrictEqual } from 'node:util'
import { parse, TomlError } from 'smol-toml'
import type { Entry, Wanted } from './merge.ts'
import { eolOf, findOtherName, holds, type Merged, MergeError, positionAt, urlOf } from './merge.ts'
import { type Statement, statementsOf } from './toml-statements.ts'

const BOM = '\uFEFF'

/**
 * Merges an entry into TOML, as a table of its own at the end. All else stays byte for byte. What
 * comes of it is read again, and has to say what it said before, and the entry. Throws `MergeError`.
 */
export function mergeToml(text: string, wanted: Wanted): Merged {
  if (text.startsWith(BOM)) {
    const merged = mergeToml(text.slice(1), wanted)
    return { ...merged, text: `${BOM}${merged.text}` }
  }
  const { container, name } = wanted
  const data = parseToml(text)
  const list = data.get(container)
  if (list !== undefined && !isTable(list)) throw notATable(text, container)
  const entries = new Map(Object.entries(list ?? {}))
  const present = entries.get(name)
  if (present === undefined) {
    const otherName = findOtherName([...entries], wanted)
    const merged = add(text, wanted)
    const outcome = { state: 'added', ...(otherName !== undefined && { otherName }) } as const
    return { ...outcome, text: check(text, merged, wanted) }
  }
  if (holds(present, wanted)) return { state: 'same', text }
  const formerUrl = urlOf(present)
  const merged = check(text, replace(text, wanted), wanted)
  return { state: 'replaced', text: merged, ...(formerUrl !== undefined && { formerUrl }) }
}

type Table = Readonly<Record<string, unknown>>

function parseToml(text: string): ReadonlyMap<string, unknown> {
  try {
    return new Map(Object.entries(parse(text, { integersAsBigInt: true })))
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    const [problem = ''] = error.message.replace(/^Invalid TOML document: /, '').split('\n')
    throw new MergeError(`not TOML: ${problem}`, [error.line, error.column])
  }
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === null
}

function notATable(text: string, container: string): MergeError {
  const statement = statementsOf(text).find(({ path }) => path[0] === container)
  const problem = `${container} is not a table`
  return new MergeError(problem, positionAt(text, statement?.start ?? 0))
}

/** Behind everything, where a table's header ends nobody else's table. */
function add(text: string, wanted: Wanted): string {
  const inline = findInline(text, wanted)
  return inline ? addInline(text, inline, wanted) : append(text, wanted)
}

function append(text: string, { container, name, entry }: Wanted): string {
  const eol = eolOf(text)
  const lineEnd = text === '' || text.endsWith('\n') ? '' : eol
  const gap = text === '' || /\n[ \t\r]*\n$/.test(text) ? '' : eol
  return `${text}${lineEnd}${gap}[${container}.${name}]${eol}${lines(entry, eol)}`
}

function lines(entry: Entry, eol: string): string {
  return pairs(entry)
    .map((pair) => `${pair}${eol}`)
    .join('')
}

/** What JSON writes for a URL, TOML reads as a string. */
function pairs(entry: Entry): string[] {
  return Object.entries(entry).map(([key, value]) => `${key} = ${JSON.stringify(value)}`)
}

/** `mcp_servers = { … }`, to which no table can be added elsewhere. */
function findInline(text: string, { container }: Wanted): Statement | undefined {
  return statementsOf(text).find(
    ({ kind, path }) => kind === 'value' && path.length === 1 && path[0] === container,
  )
}

function addInline(text: string, inline: Statement, { container, name, entry }: Wanted): string {
  const close = inline.valueEnd - 1
  const before = text.slice(inline.start, close)
  // Only TOML 1.1 knows it, and not every reader of it.
  if (before.includes('\n')) throw byHand(text, inline, `${container} is there`)
  const comma = /[{,][ \t]*$/.test(before) ? '' : ','
  const kept = text.slice(0, close).replace(/[ \t]*$/, '')
  return `${kept}${comma} ${name} = { ${pairs(entry).join(', ')} } ${text.slice(close)}`
}

function byHand(text: string, inline: Statement | undefined, what: string): MergeError {
  const problem = `${what}, in an inline table that has to be changed by hand`
  return new MergeError(problem, positionAt(text, inline?.start ?? 0))
}

/**
 * Takes out the lines that say what the entry was, comments not, and writes it anew: at its header,
 * so that it stays in its place, or else at the end.
 */
function replace(text: string, wanted: Wanted): string {
  const { container, name } = wanted
  const old = statementsOf(text).filter(({ path }) => path[0] === container && path[1] === name)
  const [first] = old
  if (!first) throw byHand(text, findInline(text, wanted), `another "${name}" is there`)
  const header = old.find(({ kind, path }) => kind === 'header' && path.length === 2)
  const isOnTop = header === first
  const eol = eolOf(text)
  const rest = old.toReversed().reduce((left, statement) => {
    const kept = isOnTop && statement === header ? headerWith(left, header, wanted, eol) : ''
    return `${left.slice(0, statement.start)}${kept}${left.slice(statement.end)}`
  }, text)
  return isOnTop ? rest : append(rest, wanted)
}

function headerWith(text: string, { start, end }: Statement, { entry }: Wanted, eol: string) {
  const header = text.slice(start, end)
  return `${header}${header.endsWith('\n') ? '' : eol}${lines(entry, eol)}`
}

/** What has been made of the text must be read as it was before, and the entry. */
function check(before: string, after: string, { container, name, entry }: Wanted): string {
  const data = parseToml(before)
  const list = new Map(Object.entries((data.get(container) ?? {}) as Table)).set(name, entry)
  const expected = new Map(data).set(container, toPlain(Object.fromEntries(list)))
  const actual = new Map(parseToml(after))
  actual.set(container, toPlain(actual.get(container)))
  if (isDeepStrictEqual(actual, expected)) return after
  throw new MergeError('the entry would not be read back')
}

/** Tables as they come from the parser are without a prototype. */
function toPlain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  if (value instanceof Date) return value
  return new Map(Object.entries(value).map(([key, member]) => [key, toPlain(member)]))
}
