import type { Document } from './documents.ts'

/** A parameterised query, as it is sent. */
export type QuerySpec = {
  readonly query: string
  readonly parameters: readonly { readonly name: string; readonly value: unknown }[]
}

type Condition = (document: Document) => boolean

/**
 * Reads `SELECT * FROM c WHERE a AND b …`, each of the conditions `c.x = @p`, `c.x > @p` or
 * `STARTSWITH(c.x, @p)`. Undefined for every other query: the stand-in does not guess.
 */
export function readQuery({ query, parameters }: QuerySpec): Condition | undefined {
  const where = /^SELECT \* FROM c WHERE (.+)$/.exec(query)?.[1]
  if (where === undefined) return undefined
  const values = new Map(parameters.map(({ name, value }) => [name, value]))
  const conditions = where.split(' AND ').map((text) => readCondition(text, values))
  if (conditions.some((condition) => !condition)) return undefined
  return (document) => conditions.every((condition) => condition?.(document))
}

function readCondition(text: string, values: Map<string, unknown>): Condition | undefined {
  const compared = /^c\.(\w+) ([=>]) (@\w+)$/.exec(text)
  const prefixed = /^STARTSWITH\(c\.(\w+), (@\w+)\)$/.exec(text)
  const [, field = '', operator] = compared ?? prefixed ?? []
  const name = compared?.[3] ?? prefixed?.[2] ?? ''
  if (!values.has(name)) return undefined
  const value = values.get(name)
  // What an item does not have, or has of another type, is undefined, and that is not true.
  return (document) => {
    const own = document[field]
    if (typeof own !== typeof value || own === null) return false
    if (prefixed) return String(own).startsWith(String(value))
    return operator === '=' ? own === value : (own as number) > (value as number)
  }
}
