import { GraphError, unsupportedQuery } from './graph-error.ts'
import type { JsonObject } from './schema.ts'

/** One condition of a `$filter`; all of them have to hold. */
export type Condition = {
  readonly property: string
  /** `eq`, `startswith(…)`, or `…/any(x:x eq …)`. */
  readonly operator: 'eq' | 'startsWith' | 'any'
  readonly value: string | boolean | null
}

export type Filterable = { readonly type: string; readonly filterable: readonly string[] }

const MAX_FILTER = 2048
const LITERAL = `('(?:[^']|'')*'|true|false|null|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})`
const PATTERNS: readonly (readonly [Condition['operator'], RegExp])[] = [
  ['eq', new RegExp(String.raw`^(\w+)\s+eq\s+${LITERAL}`, 'i')],
  ['startsWith', new RegExp(String.raw`^startswith\(\s*(\w+)\s*,\s*${LITERAL}\s*\)`, 'i')],
  ['any', new RegExp(String.raw`^(\w+)/any\(\s*(\w+)\s*:\s*\2\s+eq\s+${LITERAL}\s*\)`, 'i')],
]

/** Reads a filter: conditions joined by `and`. What is not understood is refused, never passed over. */
export function parseFilter(text: string, { type, filterable }: Filterable): Condition[] {
  if (text.length > MAX_FILTER) throw invalidFilter(text)
  const conditions: Condition[] = []
  let rest = text.trim()
  while (true) {
    const { condition, length } = parseCondition(rest)
    if (!filterable.includes(condition.property)) throw unsupported(condition.property, type)
    conditions.push(condition)
    rest = rest.slice(length).trim()
    if (rest === '') return conditions
    const and = /^and\s+/i.exec(rest)
    if (!and) throw invalidFilter(rest)
    rest = rest.slice(and[0].length)
  }
}

/** Whether an object meets every condition. The directory compares without regard to case. */
export function matches(item: JsonObject, conditions: readonly Condition[]): boolean {
  const known = new Map(Object.entries(item))
  return conditions.every(({ property, operator, value }) => {
    const actual = known.get(property)
    const wanted = fold(value)
    if (operator === 'any') return Array.isArray(actual) && actual.map(fold).includes(wanted)
    if (operator === 'startsWith') {
      return typeof actual === 'string' && String(fold(actual)).startsWith(String(wanted))
    }
    return fold(actual) === wanted
  })
}

function parseCondition(text: string): { condition: Condition; length: number } {
  for (const [operator, pattern] of PATTERNS) {
    const match = pattern.exec(text)
    if (!match) continue
    const [whole, property = '', ...groups] = match
    const condition = { property, operator, value: parseLiteral(groups.at(-1) ?? '') }
    return { condition, length: whole.length }
  }
  throw invalidFilter(text)
}

function parseLiteral(text: string): string | boolean | null {
  if (text.startsWith("'")) return text.slice(1, -1).replaceAll("''", "'")
  const word = text.toLowerCase()
  if (word === 'null') return null
  return word === 'true' || (word === 'false' ? false : text)
}

function fold(value: unknown): unknown {
  return typeof value === 'string' ? value.toLowerCase() : value
}

function unsupported(property: string, type: string): GraphError {
  const name = type.slice(0, 1).toUpperCase() + type.slice(1)
  return unsupportedQuery(
    `Unsupported or invalid query filter clause specified for property '${property.slice(0, 100)}' of resource '${name}'.`,
  )
}

function invalidFilter(text: string): GraphError {
  return new GraphError(
    400,
    'BadRequest',
    `Invalid filter clause: supported here are 'eq', startswith and any with 'eq', joined by 'and'. Not understood: ${text.slice(0, 200)}`,
  )
}
