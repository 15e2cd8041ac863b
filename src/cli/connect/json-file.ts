import { isDeepStrictEqual } from 'node:util'
import {
  applyEdits,
  createScanner,
  type Edit,
  getNodeValue,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from 'jsonc-parser'
import {
  eolOf,
  findOtherName,
  holds,
  type Merged,
  MergeError,
  positionAt,
  urlOf,
  type Wanted,
} from './merge.ts'

const BOM = '\uFEFF'

/**
 * Merges an entry into JSON, which may have comments and trailing commas. All else stays byte for
 * byte, and each comment beside what it is about. Throws `MergeError`.
 */
export function mergeJson(text: string, wanted: Wanted): Merged {
  if (text.startsWith(BOM)) {
    const merged = mergeJson(text.slice(1), wanted)
    return { ...merged, text: `${BOM}${merged.text}` }
  }
  try {
    return merge(text, wanted)
  } catch (error) {
    // The parser goes one level down in each call.
    if (error instanceof RangeError) throw new MergeError('it is nested too deeply')
    throw error
  }
}

function merge(text: string, wanted: Wanted): Merged {
  const root = parse(text)
  const { container, name, entry } = wanted
  if (!root) return check(text, begin(text, wanted), wanted, { state: 'added' })
  if (root.type !== 'object') throw wrongType(text, root, 'the file')
  const list = findMember(text, root, container)?.children?.[1]
  if (!list) {
    const edits = insertMember(text, root, root, [container, { [name]: entry }])
    return check(text, applyEdits(text, edits), wanted, { state: 'added' })
  }
  if (list.type !== 'object') throw wrongType(text, list, `"${container}"`)
  const present = findMember(text, list, name)?.children?.[1]
  if (!present) {
    const otherName = findOtherName(entriesOf(list), wanted)
    const edits = insertMember(text, root, list, [name, entry])
    const outcome = { state: 'added', ...(otherName !== undefined && { otherName }) } as const
    return check(text, applyEdits(text, edits), wanted, outcome)
  }
  const value = getNodeValue(present)
  if (holds(value, wanted)) return { state: 'same', text }
  const formerUrl = urlOf(value)
  const edits = [replaceValue(text, root, list, present, entry)]
  const outcome = { state: 'replaced', ...(formerUrl !== undefined && { formerUrl }) } as const
  return check(text, applyEdits(text, edits), wanted, outcome)
}

function parse(text: string): Node | undefined {
  const errors: ParseError[] = []
  const root = parseTree(text, errors, { allowTrailingComma: true, allowEmptyContent: true })
  const [first] = errors
  if (!first) return root
  const problem = printParseErrorCode(first.error).replace(/(?<=[a-z])[A-Z]/g, ' $&')
  throw new MergeError(`not JSON: ${problem.toLowerCase()}`, positionAt(text, first.offset))
}

function wrongType(text: string, node: Node, what: string): MergeError {
  const problem = `an object is expected for ${what}, and ${an(node.type)} is there`
  return new MergeError(problem, positionAt(text, node.offset))
}

function an(type: string): string {
  if (type === 'null') return type
  return `${type === 'array' ? 'an' : 'a'} ${type}`
}

/** Of a name that is there twice some readers take the first, and some the last. */
function findMember(text: string, object: Node, name: string): Node | undefined {
  const [member, second] = membersOf(object).filter((one) => one.children?.[0]?.value === name)
  if (!second) return member
  throw new MergeError(`"${name}" is there a second time`, positionAt(text, second.offset))
}

function membersOf(object: Node): readonly Node[] {
  return object.children ?? []
}

function entriesOf(object: Node): [string, unknown][] {
  return membersOf(object).flatMap(({ children: [key, value] = [] }) =>
    key && value ? [[String(key.value), getNodeValue(value)]] : [],
  )
}

type Member = readonly [name: string, value: Readonly<Record<string, unknown>>]

/** A file of nothing, or of comments only. */
function begin(text: string, { container, name, entry }: Wanted): string {
  const eol = eolOf(text)
  const gap = text === '' || text.endsWith('\n') ? '' : eol
  const value = { [container]: { [name]: entry } }
  return `${text}${gap}${render(value, '', DEFAULT_INDENT, eol)}${eol}`
}

/**
 * A new last member of an object. The comma goes behind the value of the one before, and the member
 * behind its comments.
 */
function insertMember(text: string, root: Node, object: Node, [name, value]: Member): Edit[] {
  const last = membersOf(object).at(-1)
  const lastEnd = last ? last.offset + last.length : object.offset + 1
  const close = object.offset + object.length - 1
  const { end, hasComma } = scanTail(text, lastEnd, close)
  const eol = eolOf(text)
  const isOnOneLine = last && !/[\r\n]/.test(text.slice(object.offset, close))
  const indent = isOnOneLine ? undefined : childIndent(text, root, object)
  const before = indent === undefined ? ' ' : `${eol}${indent}`
  const shown = renderIn(value, indent, unitOf(text, root), eol)
  const member = `${before}${JSON.stringify(name)}: ${shown}${hasComma ? ',' : ''}`
  const rest = text.slice(end, close)
  // Where the object was empty its brace comes to stand on a line of its own.
  const isOpened = !last && !/[\r\n]/.test(rest)
  const tail = isOpened ? `${eol}${lineIndent(text, object.offset)}` : ''
  const addition = { offset: end, length: isOpened ? rest.length : 0, content: `${member}${tail}` }
  if (!last || hasComma) return [addition]
  if (end === lastEnd) return [{ ...addition, content: `,${addition.content}` }]
  return [{ offset: lastEnd, length: 0, content: ',' }, addition]
}

/** Where the last comma or comment before a brace ends, and whether there is a comma. */
function scanTail(text: string, from: number, close: number) {
  const scanner = createScanner(text)
  scanner.setPosition(from)
  let end = from
  let hasComma = false
  for (scanner.scan(); scanner.getTokenOffset() < close; scanner.scan()) {
    const token = text.slice(scanner.getTokenOffset(), scanner.getPosition())
    if (token === ',') hasComma = true
    if (token.trim() !== '') end = scanner.getPosition()
  }
  return { end, hasComma }
}

function replaceValue(
  text: string,
  root: Node,
  object: Node,
  { offset, length }: Node,
  value: Member[1],
): Edit {
  const isOnOneLine = !/[\r\n]/.test(text.slice(object.offset, object.offset + object.length))
  const indent = isOnOneLine ? undefined : lineIndent(text, offset)
  return { offset, length, content: renderIn(value, indent, unitOf(text, root), eolOf(text)) }
}

const DEFAULT_INDENT = '  '

/** On one line where there is no indent. */
function renderIn(value: Member[1], indent: string | undefined, unit: string, eol: string): string {
  if (indent !== undefined) return render(value, indent, unit, eol)
  return JSON.stringify(value, null, 1).replace(/\n */g, ' ')
}

function render(value: Member[1], indent: string, unit: string, eol: string): string {
  return JSON.stringify(value, null, unit).replaceAll('\n', `${eol}${indent}`)
}

/** One step of the file's indentation: how far its first member stands in. */
function unitOf(text: string, root: Node): string {
  return ownLineIndents(text, root).find(Boolean) ?? DEFAULT_INDENT
}

function childIndent(text: string, root: Node, object: Node): string {
  const indents = ownLineIndents(text, object)
  return indents.at(-1) ?? `${lineIndent(text, object.offset)}${unitOf(text, root)}`
}

/** How far the members of an object stand in that begin a line. */
function ownLineIndents(text: string, object: Node): string[] {
  return membersOf(object).flatMap(({ offset }) => {
    const [indent] = /(?<=^|[\r\n])[ \t]*$/.exec(text.slice(0, offset)) ?? []
    return indent === undefined ? [] : [indent]
  })
}

/** How far the line of a place stands in. */
function lineIndent(text: string, offset: number): string {
  const line =
    text
      .slice(0, offset)
      .split(/[\r\n]/)
      .at(-1) ?? ''
  return /^[ \t]*/.exec(line)?.[0] ?? ''
}

/** What has been made of the text must be read as it was before, and the entry. */
function check(
  before: string,
  after: string,
  wanted: Wanted,
  outcome: Omit<Merged, 'text'>,
): Merged {
  const { container, name, entry } = wanted
  const root = toPairs(parse(before)) ?? []
  const list = findPair(root, container) ?? []
  const expected = setPair(root, container, setPair(list, name, Object.entries(entry)))
  if (isDeepStrictEqual(toPairs(parse(after)), expected)) return { ...outcome, text: after }
  throw new MergeError('the entry would not be read back')
}

type Pairs = readonly (readonly [name: unknown, value: unknown])[]

/** A value with objects as lists of their members: in order, and whatever their names. */
function toPairs(node: Node | undefined): Pairs | undefined {
  return node && (toData(node) as Pairs)
}

function toData(node: Node): unknown {
  if (node.type === 'array') return { array: node.children?.map(toData) }
  if (node.type !== 'object') return node.value
  return membersOf(node).map(({ children: [key, value] = [] }) => [
    key?.value,
    value && toData(value),
  ])
}

function findPair(pairs: Pairs, name: string): Pairs | undefined {
  return pairs.find(([key]) => key === name)?.[1] as Pairs | undefined
}

function setPair(pairs: Pairs, name: string, value: unknown): Pairs {
  if (!findPair(pairs, name)) return [...pairs, [name, value]]
  return pairs.map((pair) => (pair[0] === name ? [name, value] : pair))
}
