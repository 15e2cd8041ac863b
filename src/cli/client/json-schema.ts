/** A JSON Schema as a server sends it: nothing about it is certain. */
export type Schema = Readonly<Record<string, unknown>>

/** More than any honest schema needs; a malicious one refers to itself for ever. */
const MAX_STEPS = 200

/**
 * The plain schemas of which one has to fit: references, `anyOf`, `oneOf`, `allOf` and lists of
 * types resolved. Texts come last, for a text that a person typed fits them always.
 */
export function alternativesOf(schema: unknown, root: Schema): readonly Schema[] {
  const plain: Schema[] = []
  const open: unknown[] = [schema]
  for (let steps = 0; open.length > 0 && steps < MAX_STEPS; steps++) {
    const one = open.shift()
    const parts = isSchema(one) ? unfold(one, root) : undefined
    if (parts) open.unshift(...parts)
    else plain.push(isSchema(one) ? one : {})
  }
  return plain.length > 0 ? plain.sort(textsLast) : [{}]
}

/** One step towards plain schemas; undefined for one that is plain. */
function unfold(schema: Schema, root: Schema): readonly unknown[] | undefined {
  const { $ref, anyOf, oneOf, allOf, ...rest } = schema
  if (typeof $ref === 'string') {
    const { $ref: _, ...beside } = schema
    return [merge(resolve($ref, root), beside)]
  }
  if (Array.isArray(allOf)) {
    const beside = {
      ...rest,
      ...(anyOf !== undefined && { anyOf }),
      ...(oneOf !== undefined && { oneOf }),
    }
    return [allOf.map((one) => deref(one, root)).reduce(merge, beside)]
  }
  const choices = Array.isArray(anyOf) ? anyOf : oneOf
  if (Array.isArray(choices)) return choices.map((one) => merge(rest, deref(one, root)))
  if (Array.isArray(rest.type)) return rest.type.map((type) => ({ ...rest, type }))
  return undefined
}

function deref(schema: unknown, root: Schema): unknown {
  return isSchema(schema) && typeof schema.$ref === 'string' ? resolve(schema.$ref, root) : schema
}

/** Both schemas in one: what an object has to have adds up, of all else the second counts. */
function merge(first: unknown, second: unknown): Schema {
  if (!isSchema(first)) return isSchema(second) ? second : {}
  if (!isSchema(second)) return first
  const properties = [...propertiesOf(first), ...propertiesOf(second)]
  const required = [...requiredOf(first), ...requiredOf(second)]
  return {
    ...first,
    ...second,
    ...(properties.length > 0 && { properties: Object.fromEntries(properties) }),
    ...(required.length > 0 && { required }),
  }
}

/** The values of `enum` or `const`, where the schema has one. */
export function choicesOf(schema: Schema): readonly unknown[] | undefined {
  if (Array.isArray(schema.enum)) return schema.enum
  return 'const' in schema ? [schema.const] : undefined
}

/** The arguments of a tool, or the fields of an object, by name. */
export function propertiesOf(schema: Schema): ReadonlyMap<string, unknown> {
  return new Map(isSchema(schema.properties) ? Object.entries(schema.properties) : [])
}

/** The names that must be there. */
export function requiredOf(schema: Schema): readonly string[] {
  return Array.isArray(schema.required) ? schema.required.map(String) : []
}

/** What is accepted, in a few words: `integer, at least 1`, `amex | visa | cash`. */
export function describeSchema(schema: unknown, root: Schema, depth = 0): string {
  if (depth > 3) return 'any value'
  const all = alternativesOf(schema, root).map((one) => describeOne(one, root, depth))
  return [...new Set(all)].join(' or ')
}

function describeOne(schema: Schema, root: Schema, depth: number): string {
  const choices = choicesOf(schema)
  if (choices) return choices.map(describeValue).join(' | ')
  switch (schema.type) {
    case 'string':
      return describeText(schema)
    case 'number':
    case 'integer':
      return `${schema.type}${describeRange(schema)}`
    case 'boolean':
      return 'true | false'
    case 'null':
      return 'null'
    case 'array':
      if (!schema.items) return 'JSON list'
      return `JSON list of ${describeSchema(schema.items, root, depth + 1)}`
    case 'object':
      return 'JSON object'
    default:
      return 'any value'
  }
}

function describeValue(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

const FORMATS: ReadonlyMap<unknown, string> = new Map([
  ['date', 'date, YYYY-MM-DD'],
  ['date-time', 'date and time, e.g. 2026-01-31T12:00:00Z'],
  ['uri', 'URL'],
  ['uuid', 'UUID'],
  ['email', 'e-mail address'],
])

function describeText(schema: Schema): string {
  const { minLength, maxLength } = schema
  const format = FORMATS.get(schema.format)
  if (format) return format
  if (typeof maxLength !== 'number') return 'text'
  return `text of ${typeof minLength === 'number' ? minLength : 0} to ${maxLength} characters`
}

function describeRange(schema: Schema): string {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema
  const parts = [
    isBound(minimum) && `at least ${minimum}`,
    isBound(exclusiveMinimum) && `more than ${exclusiveMinimum}`,
    isBound(maximum) && `at most ${maximum}`,
    isBound(exclusiveMaximum) && `less than ${exclusiveMaximum}`,
    isBound(multipleOf) && `a multiple of ${multipleOf}`,
  ]
  return parts
    .filter((part) => part !== false)
    .map((part) => `, ${part}`)
    .join('')
}

/** Some libraries write the range of exact integers into every schema; it says nothing. */
function isBound(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) < Number.MAX_SAFE_INTEGER
}

function resolve(ref: string, root: Schema): unknown {
  if (!ref.startsWith('#')) return {}
  const path = ref.slice(1).split('/').slice(1)
  return path.reduce<unknown>((at, part) => {
    const name = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')
    return isSchema(at) && Object.hasOwn(at, name) ? at[name] : undefined
  }, root)
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function textsLast(a: Schema, b: Schema): number {
  return Number(isText(a)) - Number(isText(b))
}

function isText(schema: Schema): boolean {
  return (schema.type === 'string' || schema.type === undefined) && !choicesOf(schema)
}
