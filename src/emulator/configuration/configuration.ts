import type { z } from 'zod'
import type { DirectoryOptions } from '../create-directory.ts'
import { seedDirectory } from '../seed.ts'
import { ConfigurationError, type ConfigurationProblem } from './configuration-error.ts'
import { explainIssue } from './explain-issue.ts'
import { parseJsonc } from './parse-jsonc.ts'
import { resolveConfiguration } from './resolve-configuration.ts'
import { configurationSchema } from './schema.ts'

export { ConfigurationError } from './configuration-error.ts'

/** The longest configuration, in characters. */
export const MAX_CONFIGURATION = 5 * 1024 * 1024

/**
 * Reads a configuration file's text: JSON with comments. What it gives is what `directory` takes.
 * Throws a `ConfigurationError` with everything that is wrong.
 */
export function parseConfiguration(text: string): DirectoryOptions {
  if (text.length > MAX_CONFIGURATION) {
    const problem = `is longer than ${MAX_CONFIGURATION} characters.`
    throw new ConfigurationError([{ path: '', problem, cure: 'Take out what no test needs.' }])
  }
  return checkConfiguration(parseJsonc(text))
}

/** The same of a value that has been parsed. */
export function checkConfiguration(value: unknown): DirectoryOptions {
  const { directory, problems } = inspectConfiguration(value)
  if (problems.length > 0 || !directory) throw new ConfigurationError(problems)
  return directory
}

/** What a value says, as far as it can be read, and what is wrong with it. */
export function inspectConfiguration(value: unknown): {
  directory: DirectoryOptions | undefined
  problems: readonly ConfigurationProblem[]
} {
  const read = configurationSchema.safeParse(value)
  if (read.success) return resolveConfiguration(read.data)
  const problems = read.error.issues.flatMap((issue) =>
    explainIssue(configurationSchema, value, issue),
  )
  // References are looked at all the same, where what is wrong could have been left out.
  const rest = configurationSchema.safeParse(without(value, read.error.issues))
  const others = rest.success ? resolveConfiguration(rest.data).problems : []
  return { directory: undefined, problems: [...problems, ...others] }
}

type Issues = readonly z.core.$ZodIssue[]

function without(value: unknown, issues: Issues): unknown {
  const copy = structuredClone(value)
  for (const issue of issues) {
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) remove(copy, [...issue.path, key])
    } else remove(copy, issue.path)
  }
  return copy
}

function remove(value: unknown, path: readonly PropertyKey[]): void {
  let at = value
  for (const key of path.slice(0, -1)) at = (at as Record<PropertyKey, unknown> | undefined)?.[key]
  // To take an item out of a list would move the others.
  if (typeof at !== 'object' || at === null || Array.isArray(at)) return
  delete (at as Record<PropertyKey, unknown>)[path.at(-1) as PropertyKey]
}

/** A configuration to start from: what the emulator holds when it is given none. */
export function printConfiguration(): string {
  const head = [
    '// The directory of the Entra ID emulator. Whatever is left out is as in docs/emulator.md.',
    '// Things may be referred to by their id or by their name.',
  ]
  return `${head.join('\n')}\n${JSON.stringify(seedDirectory(), null, 2)}\n`
}
