import { isDeepStrictEqual } from 'node:util'
import { runInNewContext } from 'node:vm'
import {
  alternativesOf,
  choicesOf,
  describeSchema,
  propertiesOf,
  requiredOf,
  type Schema,
} from './json-schema.ts'

/** What is wrong with a value under a schema, each with where; empty when it fits. */
export function checkValue(value: unknown, schema: unknown, root: Schema): readonly string[] {
  const alternatives = alternativesOf(schema, root)
  const found = alternatives.map((one) => checkOne(value, one, root))
  if (found.some((problems) => problems.length === 0)) return []
  // With one alternative its own problems say most; with several, none of them is the right one.
  const only = found.length === 1 ? found[0] : undefined
  return only ?? [notAccepted(schema, root)]
}

/** The end of a sentence that begins with the value. */
export function notAccepted(schema: unknown, root: Schema): string {
  return `is not accepted; expected ${describeSchema(schema, root)}`
}

function checkOne(value: unknown, schema: Schema, root: Schema): readonly string[] {
  const choices = choicesOf(schema)
  if (choices) {
    const isChoice = choices.some((choice) => isDeepStrictEqual(choice, value))
    return isChoice ? [] : [notAccepted(schema, root)]
  }
  if (!hasType(value, schema.type)) return [notAccepted(schema, root)]
  if (typeof value === 'string') return checkText(value, schema, root)
  if (typeof value === 'number') return checkNumber(value, schema, root)
  if (Array.isArray(value)) return checkList(value, schema, root)
  if (typeof value === 'object' && value !== null) return checkObject(value, schema, root)
  return []
}

function hasType(value: unknown, type: unknown): boolean {
  switch (type) {
    case 'integer':
      return Number.isInteger(value)
    case 'array':
      return Array.isArray(value)
    case 'null':
      return value === null
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value)
    case 'string':
    case 'number':
    case 'boolean':
      return typeof value === type
    default:
      return true
  }
}

function checkText(value: string, schema: Schema, root: Schema): readonly string[] {
  const length = [...value].length
  const { minLength = 0, maxLength = Number.POSITIVE_INFINITY, pattern } = schema
  if (value === '' && Number(minLength) > 0) return ['must not be empty']
  if (length < Number(minLength)) return [`has ${length} characters, not at least ${minLength}`]
  if (length > Number(maxLength)) return [`has ${length} characters, not at most ${maxLength}`]
  if (!hasFormat(value, schema.format)) return [notAccepted(schema, root)]
  if (typeof pattern === 'string' && !matches(value, pattern)) {
    return [`does not have the form ${pattern}`]
  }
  return []
}

function hasFormat(value: string, format: unknown): boolean {
  switch (format) {
    case 'date':
      return isDate(value)
    case 'date-time':
      return isDate(value.slice(0, 10)) && !Number.isNaN(Date.parse(value)) && /t/i.test(value)
    case 'uri':
      return URL.canParse(value)
    case 'uuid':
      return /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(value)
    case 'email':
      return /^[^\s@]+@[^\s@]+$/.test(value)
    default:
      return true
  }
}

/** Whether it is a day of the calendar: `Date` alone takes 30 February for 2 March. */
function isDate(value: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(value)) return false
  const date = new Date(`${value}T00:00:00Z`)
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(value)
}

/** The pattern is the server's: one that would search for ever is left to the server to check. */
function matches(value: string, pattern: string): boolean {
  try {
    const context = { value, pattern }
    return runInNewContext('new RegExp(pattern, "u").test(value)', context, { timeout: 200 })
  } catch {
    return true
  }
}

function checkNumber(value: number, schema: Schema, root: Schema): readonly string[] {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema
  const fits =
    Number.isFinite(value) &&
    (typeof minimum !== 'number' || value >= minimum) &&
    (typeof maximum !== 'number' || value <= maximum) &&
    (typeof exclusiveMinimum !== 'number' || value > exclusiveMinimum) &&
    (typeof exclusiveMaximum !== 'number' || value < exclusiveMaximum) &&
    (typeof multipleOf !== 'number' || isMultiple(value, multipleOf))
  return fits ? [] : [notAccepted(schema, root)]
}

/** 1.1 is a multiple of 0.01, though not in binary fractions. */
function isMultiple(value: number, of: number): boolean {
  const quotient = value / of
  return Math.abs(quotient - Math.round(quotient)) < 1e-9 * Math.max(1, Math.abs(quotient))
}

function checkList(value: readonly unknown[], schema: Schema, root: Schema): readonly string[] {
  const { minItems, maxItems, items } = schema
  if (typeof minItems === 'number' && value.length < minItems) {
    return [`has ${value.length} items, not at least ${minItems}`]
  }
  if (typeof maxItems === 'number' && value.length > maxItems) {
    return [`has ${value.length} items, not at most ${maxItems}`]
  }
  if (!items) return []
  return value.flatMap((item, i) =>
    checkValue(item, items, root).map((problem) => `item ${i + 1} ${problem}`),
  )
}

function checkObject(value: object, schema: Schema, root: Schema): readonly string[] {
  const properties = propertiesOf(schema)
  const missing = requiredOf(schema).filter((name) => !Object.hasOwn(value, name))
  const wrong = Object.entries(value).flatMap(([name, field]) => {
    if (properties.has(name)) {
      return checkValue(field, properties.get(name), root).map((problem) => `${name} ${problem}`)
    }
    return schema.additionalProperties === false ? [`${name} is not a field of it`] : []
  })
  return [...missing.map((name) => `${name} is missing`), ...wrong]
}
