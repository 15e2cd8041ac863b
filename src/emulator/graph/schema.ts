import { isGuid } from '../guid.ts'
import { badRequest, notOfSchema } from './graph-error.ts'

export type JsonObject = Readonly<Record<string, unknown>>

/** What a property may hold. */
export type Schema =
  | {
      readonly kind: 'string'
      readonly max?: number
      readonly values?: readonly string[]
      readonly isNullable?: boolean
    }
  | { readonly kind: 'boolean'; readonly isNullable?: boolean }
  | { readonly kind: 'integer'; readonly values: readonly number[]; readonly isNullable?: boolean }
  | { readonly kind: 'guid'; readonly isNullable?: boolean }
  | { readonly kind: 'dateTime'; readonly isNullable?: boolean }
  | { readonly kind: 'list'; readonly of: Schema; readonly max: number }
  | ObjectSchema
  /** Shown, and not to be set: what comes back with the rest of an object is passed over. */
  | { readonly kind: 'ignored' }
  /** Graph has it and the emulator has not: nothing but `null` can be written. */
  | { readonly kind: 'absent' }

export type ObjectSchema = {
  readonly kind: 'object'
  readonly properties: ReadonlyMap<string, Schema>
  readonly required?: readonly string[]
  readonly isNullable?: boolean
}

/** An object of these properties. */
export function object(
  properties: Readonly<Record<string, Schema>>,
  more: Partial<Omit<ObjectSchema, 'kind' | 'properties'>> = {},
): ObjectSchema {
  return { kind: 'object', properties: new Map(Object.entries(properties)), ...more }
}

/** The value, when it is what the schema says, without annotations and what is ignored. */
export function parse(schema: ObjectSchema, body: JsonObject, type: string): JsonObject {
  return parseObject(schema, body, type) as JsonObject
}

function parseValue(schema: Schema, value: unknown, name: string): unknown {
  if (value === null && 'isNullable' in schema && schema.isNullable) return null
  if (schema.kind === 'list') {
    if (!Array.isArray(value)) throw notOfSchema(name)
    if (value.length > schema.max) {
      throw badRequest(
        `Property ${name} has ${value.length} entries; at most ${schema.max} are allowed.`,
      )
    }
    return value.map((item) => parseValue(schema.of, item, name))
  }
  if (schema.kind === 'object') {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw notOfSchema(name)
    }
    return parseObject(schema, value as JsonObject, name)
  }
  if (schema.kind === 'absent' && value !== null) {
    throw badRequest(`The emulator keeps no property '${name}', so it can only be null.`)
  }
  if (!isScalar(schema, value)) throw notOfSchema(name)
  if (schema.kind === 'guid') return (value as string).toLowerCase()
  if (schema.kind === 'dateTime') return new Date(value as string).toISOString()
  return value
}

function parseObject(schema: ObjectSchema, value: JsonObject, name: string): JsonObject {
  const entries = Object.entries(value).filter(([key]) => !key.includes('@odata.'))
  const parsed = entries.flatMap(([key, member]) => {
    const property = schema.properties.get(key)
    if (!property) throw badRequest(`Invalid property '${key.slice(0, 100)}'.`)
    const parsed = parseValue(property, member, key)
    return property.kind === 'ignored' || property.kind === 'absent' ? [] : [[key, parsed] as const]
  })
  const given = new Map(parsed)
  const missing = schema.required?.find((key) => given.get(key) === undefined)
  if (missing !== undefined) {
    const message = `A value is required for property '${missing}' of resource '${name}'.`
    throw badRequest(message, { code: 'MissingValue', message, target: missing })
  }
  return Object.fromEntries(given)
}

type Scalar = Exclude<Schema, { kind: 'list' | 'object' }>

function isScalar(schema: Scalar, value: unknown): boolean {
  if (schema.kind === 'ignored' || schema.kind === 'absent') return true
  if (schema.kind === 'boolean') return typeof value === 'boolean'
  if (schema.kind === 'integer') return schema.values.includes(value as number)
  if (typeof value !== 'string') return false
  if (schema.kind === 'guid') return isGuid(value)
  if (schema.kind === 'dateTime') return isDateTime(value)
  if (schema.values && !schema.values.includes(value)) return false
  return value.length <= (schema.max ?? 1024)
}

function isDateTime(value: string): boolean {
  const isIso = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,7})?)?(Z|[+-]\d\d:\d\d)$/.test(value)
  return isIso && !Number.isNaN(Date.parse(value))
}

/**
 * What comes of a change: members of complex properties are merged, everything else is replaced.
 */
export function merge<T extends object>(schema: ObjectSchema, current: T, change: JsonObject): T {
  const merged = new Map<string, unknown>(Object.entries(current))
  for (const [key, value] of Object.entries(change)) {
    const property = schema.properties.get(key)
    const isComplex = property?.kind === 'object' && value !== null
    const before = (merged.get(key) ?? {}) as object
    merged.set(key, isComplex ? merge(property, before, value as JsonObject) : value)
  }
  return Object.fromEntries(merged) as T
}
