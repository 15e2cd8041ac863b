import { z } from 'zod'
import { isGuid } from '../guid.ts'

const MAX_TEXT = 2048
const MAX_ITEMS = 5000

/** A text of at least one character. */
export const text = z.string().min(1).max(MAX_TEXT)

/** An id. The directory has them in lower case. */
export const guid = z.guid().toLowerCase()

/** Something that is elsewhere in the directory, by its id or by its name. */
export const reference = text.transform((value) => (isGuid(value) ? value.toLowerCase() : value))

/** A moment, in ISO 8601. */
export const time = z.iso.datetime({ offset: true })

/** A list that is not endless. */
export function list<T extends z.ZodType>(item: T) {
  return z.array(item).max(MAX_ITEMS)
}

/** A member that may be left out; `fallback` says what it is then. */
export function optional<T extends z.ZodType>(type: T, description: string, fallback?: string) {
  return type.exactOptional().meta({ description, ...(fallback !== undefined && { fallback }) })
}

/** A member that has a value even where it is left out. */
export function defaulted<T extends z.ZodType>(type: T, description: string, value: z.input<T>) {
  return type.prefault(value as never).meta({ description, fallback: JSON.stringify(value) })
}

/** A member that has to be there. */
export function required<T extends z.ZodType>(type: T, description: string) {
  return type.meta({ description })
}

/** What an object's members have to be declared as, so that none is forgotten. */
export type Shape<T> = Readonly<Record<keyof T, z.ZodType>>
