/** What the server has described in this chat, by `id`: what "delete 3f6c…" means to a person. */
export type KnownThings = {
  learn(structured: unknown): void
  /** The things that the arguments name, as the server described them last. */
  namedIn(args: Readonly<Record<string, unknown>>): readonly unknown[]
}

const MAX_THINGS = 5_000
const MAX_DEPTH = 6

export function createKnownThings(): KnownThings {
  const things = new Map<string, unknown>()
  const learn = (value: unknown, depth = 0): void => {
    if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return
    if ('id' in value && typeof value.id === 'string' && value.id !== '') {
      things.delete(value.id)
      things.set(value.id, value)
      const [oldest] = things.keys()
      if (things.size > MAX_THINGS && oldest !== undefined) things.delete(oldest)
    }
    for (const part of Object.values(value)) learn(part, depth + 1)
  }
  return {
    learn: (structured) => learn(structured),
    namedIn: (args) => Object.values(args).flatMap((value) => things.get(String(value)) ?? []),
  }
}
