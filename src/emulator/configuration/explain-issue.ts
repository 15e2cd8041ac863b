import { z } from 'zod'
import type { ConfigurationProblem } from './configuration-error.ts'
import { suggest } from './suggest.ts'

type Issue = z.core.$ZodIssue
type Path = readonly PropertyKey[]

/** Says of an issue where it is, what is there, what was expected and what to do. */
export function explainIssue(
  schema: z.ZodType,
  value: unknown,
  issue: Issue,
): ConfigurationProblem[] {
  const type = typeAt(schema, issue.path)
  if (issue.code === 'unrecognized_keys') {
    const known = type instanceof z.ZodObject ? Object.keys(type.shape) : []
    return issue.keys.map((key) => explainUnknown([...issue.path, key], key, known))
  }
  const found = valueAt(value, issue.path)
  const path = toPath(issue.path)
  const expected = describe(type)
  if (found === undefined) return [{ path, problem: 'is missing.', cure: `Add it: ${expected}.` }]
  const bound = boundOf(issue)
  const problem = `is ${show(found, issue.path)}${bound}.`
  const words = type instanceof z.ZodEnum ? type.options.map(String) : []
  const meant = typeof found === 'string' ? suggest(found, words) : undefined
  const cure = meant ? `Did you mean "${meant}"? Write ${expected}.` : `Write ${expected}.`
  return [{ path, problem, cure }]
}

/** A path as one would write it: `users[1].tenantId`. */
export function toPath(path: Path): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`
    return text === '' ? String(key) : `${text}.${String(key)}`
  }, '')
}

function explainUnknown(path: Path, key: string, known: readonly string[]): ConfigurationProblem {
  const meant = suggest(key, known)
  const all = `Known here are ${known.join(', ')}.`
  const cure = meant ? `Did you mean ${meant}? ${all}` : `Leave it out. ${all}`
  return { path: toPath(path), problem: 'is not known.', cure }
}

function boundOf(issue: Issue): string {
  if (issue.code === 'too_big') return `, and more than ${issue.maximum} is too much`
  return ''
}

const SECRET: ReadonlySet<PropertyKey> = new Set(['secretText', 'password', 'key'])

function show(value: unknown, path: Path): string {
  if (SECRET.has(path.at(-1) ?? '')) return 'not right'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (typeof value === 'object' && value !== null) return 'an object'
  if (value === '') return 'empty'
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((at, key) => {
    if (typeof at !== 'object' || at === null) return undefined
    return Object.hasOwn(at, key) ? (at as Record<PropertyKey, unknown>)[key] : undefined
  }, value)
}

/** The type of what is at a path, without what lets it be left out. */
function typeAt(schema: z.ZodType, path: Path): z.ZodType {
  let type = unwrap(schema)
  for (const key of path) {
    if (type instanceof z.ZodNullable) type = unwrap(type.unwrap() as z.ZodType)
    if (type instanceof z.ZodArray) type = unwrap(type.element as z.ZodType)
    else if (type instanceof z.ZodObject) type = unwrap(type.shape[String(key)] as z.ZodType)
  }
  return type
}

function unwrap(type: z.ZodType): z.ZodType {
  if (
    type instanceof z.ZodExactOptional ||
    type instanceof z.ZodDefault ||
    type instanceof z.ZodPrefault
  ) {
    return unwrap(type.unwrap() as z.ZodType)
  }
  return type instanceof z.ZodPipe ? unwrap(type.in as z.ZodType) : type
}

function describe(type: z.ZodType): string {
  if (type instanceof z.ZodNullable)
    return `${describe(unwrap(type.unwrap() as z.ZodType))} or null`
  if (type instanceof z.ZodEnum)
    return type.options.map((word) => JSON.stringify(word)).join(' or ')
  if (type instanceof z.ZodLiteral) return [...type.values].map(String).join(' or ')
  if (type instanceof z.ZodGUID) return 'a GUID, such as 00000000-0000-0000-0000-000000000001'
  if (type instanceof z.ZodISODateTime) return 'a time, such as "2026-01-31T12:00:00Z"'
  if (type instanceof z.ZodBoolean) return 'true or false'
  if (type instanceof z.ZodNumber) return 'a number of 0 or more'
  if (type instanceof z.ZodArray) return 'a list'
  if (type instanceof z.ZodObject) return `an object with ${Object.keys(type.shape).join(', ')}`
  return 'a text'
}
