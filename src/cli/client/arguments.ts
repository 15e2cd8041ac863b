import { UsageError } from '../exit-codes.ts'
import { checkValue, notAccepted } from './check-value.ts'
import {
  alternativesOf,
  choicesOf,
  describeSchema,
  propertiesOf,
  requiredOf,
  type Schema,
} from './json-schema.ts'

/**
 * Reads `name=value` (a text, converted to the type that the tool takes) and `name:=json` words as
 * the arguments of a tool, and checks them against its input schema. Every problem is named at
 * once, with what is accepted.
 */
export function parseArguments(
  words: readonly string[],
  tool: { readonly name: string; readonly inputSchema: unknown },
): Readonly<Record<string, unknown>> {
  const root = alternativesOf(tool.inputSchema, tool.inputSchema as Schema)[0] as Schema
  const properties = propertiesOf(root)
  const given = new Map<string, unknown>()
  const problems: string[] = []
  for (const word of words) {
    const parsed = parseWord(word)
    if (!parsed) problems.push(`"${word}" is not written as name=value`)
    else if (given.has(parsed.name)) problems.push(`${parsed.name}: is given twice`)
    else if (!properties.has(parsed.name) && !takesMore(root)) {
      given.set(parsed.name, undefined)
      problems.push(`${parsed.name}: is not an argument; the tool takes ${list(properties)}`)
    } else {
      const { value, problem } = readValue(parsed, properties.get(parsed.name), root)
      given.set(parsed.name, value)
      if (problem) problems.push(`${parsed.name}: ${problem}`)
    }
  }
  for (const name of requiredOf(root).filter((required) => !given.has(required))) {
    problems.push(`${name}: is missing; expected ${describeSchema(properties.get(name), root)}`)
  }
  if (problems.length > 0) throw wrongArguments(tool.name, problems)
  return Object.fromEntries(given)
}

type Word = { readonly name: string; readonly text: string; readonly isJson: boolean }

function parseWord(word: string): Word | undefined {
  const at = word.indexOf('=')
  const isJson = word[at - 1] === ':'
  const name = word.slice(0, isJson ? at - 1 : at)
  return at > 0 && name !== '' ? { name, text: word.slice(at + 1), isJson } : undefined
}

function takesMore(root: Schema): boolean {
  const { additionalProperties } = root
  return additionalProperties === true || typeof additionalProperties === 'object'
}

function list(properties: ReadonlyMap<string, unknown>): string {
  return properties.size > 0 ? [...properties.keys()].join(', ') : 'none'
}

type Reading = { readonly value: unknown; readonly problem?: string | undefined }

function readValue(word: Word, schema: unknown, root: Schema): Reading {
  const shown = word.text.length > 60 ? `${word.text.slice(0, 60)}…` : word.text
  const value = word.isJson ? parseJson(word.text) : convert(word.text, schema, root)
  if (value === undefined) {
    const reason = word.isJson ? 'is not JSON' : notAccepted(schema, root)
    return { value, problem: `"${shown}" ${reason}` }
  }
  const problems = checkValue(value, schema, root)
  return { value, problem: problems.length > 0 ? `"${shown}" ${problems.join('; ')}` : undefined }
}

/** The value that a text means under the schema; undefined when it means none. */
function convert(text: string, schema: unknown, root: Schema): unknown {
  const alternatives = alternativesOf(schema, root)
  const read = alternatives.map((one) => convertTo(text, one)).filter((one) => one !== undefined)
  return read.find((value) => checkValue(value, schema, root).length === 0) ?? read[0]
}

function convertTo(text: string, schema: Schema): unknown {
  const choices = choicesOf(schema)
  if (choices) {
    const at = choices.findIndex((choice) => choice === text || JSON.stringify(choice) === text)
    return at < 0 ? text : choices[at]
  }
  switch (schema.type) {
    case 'integer':
    case 'number':
      return convertToNumber(text)
    case 'boolean':
      return text === 'true' || (text === 'false' ? false : undefined)
    case 'null':
      return text === 'null' ? null : undefined
    case 'array':
    case 'object':
      return parseJson(text)
    default:
      return text
  }
}

function convertToNumber(text: string): number | undefined {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function wrongArguments(tool: string, problems: readonly string[]): UsageError {
  const lines = problems.map((problem) => `  ${problem}`)
  return new UsageError(`${tool} cannot be called like this:\n${lines.join('\n')}`)
}
