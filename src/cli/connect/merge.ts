/** What a client's file says of one server: only what is public, never a secret. */
export type Entry = Readonly<Record<string, string>>

/** The entry that a file is to have: in the member `container` of its root, under `name`. */
export type Wanted = {
  readonly container: string
  readonly name: string
  readonly entry: Entry
}

/** A file's text with the entry in it. */
export type Merged = {
  /** `same`: it was there, and the text is as it was. `replaced`: another one of that name was. */
  readonly state: 'same' | 'added' | 'replaced'
  readonly text: string
  /** The URL of the entry that was replaced, where it has one. */
  readonly formerUrl?: string
  /** Another name under which the same entry stands. */
  readonly otherName?: string
}

/** A text that nothing can be merged into; it stays as it is. */
export class MergeError extends Error {
  override readonly name = 'MergeError'

  /** `position`: the line and the column, from 1. */
  constructor(problem: string, position?: readonly [line: number, column: number]) {
    const [line, column] = position ?? []
    super(position ? `line ${line}, column ${column}: ${problem}` : problem)
  }
}

/** Whether what is there says all that is wanted; what it says besides is the person's. */
export function holds(present: unknown, { entry }: Wanted): boolean {
  if (typeof present !== 'object' || present === null) return false
  const members = new Map(Object.entries(present))
  return Object.entries(entry).every(([key, value]) => members.get(key) === value)
}

/** The name of another entry that says the same. */
export function findOtherName(
  entries: readonly (readonly [name: string, value: unknown])[],
  wanted: Wanted,
): string | undefined {
  return entries.find(([name, value]) => name !== wanted.name && holds(value, wanted))?.[0]
}

/** The URL of an entry, without what may be secret in it. */
export function urlOf(present: unknown): string | undefined {
  const { url: text } = (present ?? {}) as { url?: unknown }
  const url = typeof text === 'string' ? URL.parse(text) : null
  return url ? `${url.protocol}//${url.host}${url.pathname}` : undefined
}

/** The line and the column of a place in a text, from 1. */
export function positionAt(text: string, offset: number): [line: number, column: number] {
  const before = text.slice(0, offset).split(/\r\n|\r|\n/)
  return [before.length, (before.at(-1)?.length ?? 0) + 1]
}

/** How the lines of a text end. */
export function eolOf(text: string): string {
  return text.includes('\r\n') ? '\r\n' : '\n'
}
