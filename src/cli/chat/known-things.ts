import { cut } from './history.ts'

/** What the server has described in this chat, by `id`: what "delete 3f6c…" means to a person. */
export type KnownThings = {
  learn(structured: unknown): void
  /** The things that the arguments name, as the server described them last. */
  namedIn(args: Readonly<Record<string, unknown>>): readonly unknown[]
}

const MAX_THINGS = 5_000
const MAX_DEPTH = 6

/** How many of its members are shown, and how much of each, in characters. */
const MAX_MEMBERS = 20
const MAX_TEXT = 500

export function createKnownThings(): KnownThings {
  const things = new Map<string, unknown>()
  const learn = (value: unknown, depth = 0): void => {
    if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return
    if (
      'id' in value &&
      typeof value.id === 'string' &&
      value.id !== '' &&
      value.id.length <= MAX_TEXT
    ) {
      things.delete(value.id)
      things.set(value.id, inShort(value))
      const [oldest] = things.keys()
      if (things.size > MAX_THINGS && oldest !== undefined) things.delete(oldest)
    }
    for (const part of Object.values(value)) learn(part, depth + 1)
  }
  return {
    learn: (structured) => learn(structured),
    namedIn: (args) =>
      Object.values(args).flatMap((value) => {
        const isName = typeof value === 'string' || typeof value === 'number'
        return (isName && things.get(String(value))) || []
      }),
  }
}

/** What a person can tell it by; what is within it may be as large as the server likes. */
function inShort(thing: object): unknown {
  const members = Object.entries(thing)
    .filter(([name, value]) => name.length <= MAX_TEXT && typeof value !== 'object')
    .slice(0, MAX_MEMBERS)
  return Object.fromEntries(
    members.map(([name, value]) => [
      name,
      typeof value === 'string' ? cut(value, MAX_TEXT) : value,
    ]),
  )
}
