import {
  chmodSync,
  chownSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { parseEnv } from 'node:util'
import { CommandError } from './exit-codes.ts'

/** A variable that was written, and what it was before. */
export type EnvChange = {
  readonly name: string
  readonly value: string
  /** The former value, which stays as a comment; undefined: there was none. */
  readonly former: string | undefined
}

/** What a `.env` file says, by the parser that reads it at the start; empty where there is none. */
export function readEnvFile(path: string): ReadonlyMap<string, string> {
  return new Map(Object.entries(parseEnv(readText(path) ?? '')) as [string, string][])
}

/**
 * Writes variables into a `.env` file, whole or not at all. All else in it stays as it is; of a
 * value that was another one, the former stays as a comment. Nothing is written where nothing changes.
 */
export function updateEnvFile(
  path: string,
  variables: ReadonlyMap<string, string>,
): readonly EnvChange[] {
  const before = readText(path)
  const { text, changes } = setVariables(before ?? '', variables)
  if (changes.length > 0) write(path, text)
  return changes
}

/** The text of a `.env` file with variables set in it. */
export function setVariables(
  text: string,
  variables: ReadonlyMap<string, string>,
): { readonly text: string; readonly changes: readonly EnvChange[] } {
  const before = parseEnv(text)
  const changes: EnvChange[] = []
  let result = text
  for (const [name, value] of variables) {
    const former = before[name]
    if (former === value) continue
    result = setVariable(result, name, value, former)
    changes.push({ name, value, former: former || undefined })
  }
  return { text: result, changes }
}

function setVariable(
  text: string,
  name: string,
  value: string,
  former: string | undefined,
): string {
  const eol = text.includes('\r\n') ? '\r\n' : '\n'
  // Of several the last one counts. A value in quotation marks may go on over lines.
  const pattern = new RegExp(
    `^[ \\t]*(export[ \\t]+)?${name}[ \\t]*=[ \\t]*("[^"]*"|'[^']*'|\`[^\`]*\`)?[^\\r\\n]*`,
    'gm',
  )
  const last = [...text.matchAll(pattern)].at(-1)
  if (last === undefined) {
    const gap = text === '' || text.endsWith('\n') ? '' : eol
    return `${text}${gap}${name}=${quoteValue(value)}${eol}`
  }
  const line = `${last[1] ?? ''}${name}=${quoteValue(value)}`
  const kept = former ? `${last[0].replace(/^/gm, '# ')}${eol}` : ''
  return `${text.slice(0, last.index)}${kept}${line}${text.slice(last.index + last[0].length)}`
}

/** As it is where that is safe; `docker --env-file` takes quotation marks for a part of the value. */
function quoteValue(value: string): string {
  if (/^[\w.:/~@+=,;!*()-]*$/.test(value)) return value
  const mark = ["'", '"', '`'].find((one) => !value.includes(one))
  if (mark !== undefined && !/[\r\n]/.test(value)) return `${mark}${value}${mark}`
  throw new CommandError(
    'A value cannot be written into a .env file: it has every kind of quotation mark.',
  )
}

function readText(path: string): string | undefined {
  const status = statSync(path, { throwIfNoEntry: false })
  if (!status) return undefined
  if (!status.isFile()) {
    throw new CommandError(`${path} is not a file.`, { cure: 'Name another one with --env-file.' })
  }
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw unusable(path, 'read', cause)
  }
}

/** Beside the file itself, also where the path is a link to it. */
function write(path: string, text: string): void {
  const status = statSync(path, { throwIfNoEntry: false })
  const target = status ? realpathSync(path) : path
  const temporary = `${target}.${process.pid}.tmp`
  try {
    writeFileSync(temporary, text, { mode: 0o600, flush: true })
    if (status) {
      chmodSync(temporary, status.mode & 0o7777)
      if (status.uid !== process.getuid?.()) chownSync(temporary, status.uid, status.gid)
    }
    renameSync(temporary, target)
  } catch (cause) {
    rmSync(temporary, { force: true })
    throw unusable(path, 'written', cause)
  }
}

function unusable(path: string, what: string, cause: unknown): CommandError {
  return new CommandError(`${path} cannot be ${what}: ${(cause as Error).message}.`, {
    cure: 'Let this user read and write it, or name another one with --env-file.',
    cause,
  })
}
