import { isGuid } from '../guid.ts'
import type { ConfigurationProblem } from './configuration-error.ts'
import { suggest } from './suggest.ts'

/** What things of a directory are called, and what is wrong with the names that others call them. */
export type Names = {
  /** Makes a thing known by its id and its names. */
  add(kind: string, id: string, ...names: readonly string[]): void
  /** The id behind a reference. Where there is none, or several, that is a problem. */
  resolve(path: string, kinds: readonly string[], reference: string): string
  /** The same; but an id may be that of something outside of this directory. */
  resolveOpen(path: string, kinds: readonly string[], reference: string): string
  /** Notes a value that only one thing may have; a second one is a problem. */
  claim(path: string, what: string, value: string): void
  readonly problems: ConfigurationProblem[]
}

/** Starts with no name. */
export function createNames(): Names {
  const things = new Map<string, Map<string, Set<string>>>()
  const claimed = new Map<string, string>()
  const problems: ConfigurationProblem[] = []
  const idsOf = (kinds: readonly string[], name: string) => [
    ...new Set(kinds.flatMap((kind) => [...(things.get(kind)?.get(name.toLowerCase()) ?? [])])),
  ]
  const resolve = (path: string, kinds: readonly string[], reference: string) => {
    const [id, ...others] = idsOf(kinds, reference)
    if (id !== undefined && others.length === 0) return id
    const known = kinds.flatMap((kind) => [...(things.get(kind)?.keys() ?? [])])
    problems.push(explain(path, kinds, reference, { count: others.length, known }))
    return reference
  }
  return {
    problems,
    add(kind, id, ...names) {
      const known = things.get(kind) ?? new Map<string, Set<string>>()
      things.set(kind, known)
      for (const name of [id, ...names].map((text) => text.toLowerCase())) {
        known.set(name, new Set([...(known.get(name) ?? []), id]))
      }
    },
    claim(path, what, value) {
      const key = `${what} ${value.toLowerCase()}`
      const first = claimed.get(key)
      if (first === undefined) return void claimed.set(key, path)
      const problem = `is the same ${what} as ${first}.`
      problems.push({ path, problem, cure: 'Give each its own.' })
    },
    resolve,
    resolveOpen: (path, kinds, reference) =>
      isGuid(reference) && idsOf(kinds, reference).length === 0
        ? reference
        : resolve(path, kinds, reference),
  }
}

function explain(
  path: string,
  kinds: readonly string[],
  reference: string,
  { count, known }: { count: number; known: readonly string[] },
): ConfigurationProblem {
  const what = kinds.join(' or ')
  const shown = JSON.stringify(reference.slice(0, 100))
  if (count > 0) {
    const problem = `is ${shown}, and more than one ${what} is called so.`
    return { path, problem, cure: 'Write the id in its place.' }
  }
  const names = known.filter((name) => !isGuid(name))
  const meant = suggest(reference, names)
  const problem = `is ${shown}, and no ${what} has this id or name.`
  if (meant !== undefined) return { path, problem, cure: `Did you mean "${meant}"?` }
  const some = names.slice(0, 8).join(', ')
  const cure = some ? `There are ${some}; or add it to the file.` : 'Add it to the file.'
  return { path, problem, cure }
}
