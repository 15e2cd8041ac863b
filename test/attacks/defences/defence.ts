/** A change of the source that takes a defence away. */
export type Breakage = {
  /** Below `src/`. */
  readonly file: string
  /** Occurs there once. */
  readonly find: string
  readonly replace: string
}

/** Something that keeps an attacker off, and the tests that have to notice when it is gone. */
export type Defence = {
  readonly name: string
  readonly breakages: readonly Breakage[]
  readonly tests: readonly string[]
}

/** Makes the defences of one file: each its name, what is found there, and what is put in its place. */
export function defencesOf(
  file: string,
  tests: readonly string[],
  changes: readonly (readonly [name: string, find: string, replace: string])[],
): Defence[] {
  return changes.map(([name, find, replace]) => ({
    name,
    breakages: [{ file, find, replace }],
    tests: tests.map((path) => `test/${path}.test.ts`),
  }))
}
