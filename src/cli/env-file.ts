import { randomUUID } from 'node:crypto'
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { isDeepStrictEqual, parseEnv } from 'node:util'
import { FileFault, toFileFault } from '../files/file-fault.ts'
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
  const { text, changes } = setVariables(readForChange(path), variables)
  if (changes.length > 0) write(path, text, 'keep')
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

/**
 * In the place of the line that counts, else at the end: there, and in those quotation marks, where
 * the parser reads it back as it is, and all else as before. A line of another variable's value may
 * look like the one that is sought, and a quotation mark may be left open.
 */
function setVariable(
  text: string,
  name: string,
  value: string,
  former: string | undefined,
): string {
  const wanted = { ...parse(text), [name]: value }
  const forms = [...quotedForms(value)]
  for (const line of [...linesOf(text, name).reverse(), undefined]) {
    const results = forms.map((form) => replaceLine(text, line, `${name}=${form}`, former))
    const right = results.find((result) => isDeepStrictEqual(parse(result), wanted))
    if (right !== undefined) return right
  }
  throw new CommandError(
    `${name} cannot be written into the .env file: it would not be read back.`,
    {
      cure: 'Look for a quotation mark that is not closed, or name another file with --dotenv.',
    },
  )
}

/** Node takes `export NAME=` without a value for a variable of that name, blank and all. */
function parse(text: string): Record<string, string | undefined> {
  const variables = Object.entries(parseEnv(text))
  return Object.fromEntries(variables.filter(([name]) => !name.startsWith('export ')))
}

/** A value in quotation marks may go on over lines. */
function linesOf(text: string, name: string): RegExpExecArray[] {
  const pattern = new RegExp(
    `(?<![^\\n])[ \\t]*(export[ \\t]+)?${name}[ \\t]*=[ \\t]*("[^"]*"|'[^']*'|\`[^\`]*\`)?[^\\r\\n]*`,
    'g',
  )
  return [...text.matchAll(pattern)]
}

function replaceLine(
  text: string,
  line: RegExpExecArray | undefined,
  assignment: string,
  former: string | undefined,
): string {
  const eol = text.includes('\r\n') ? '\r\n' : '\n'
  if (line === undefined) {
    const gap = text === '' || text.endsWith('\n') ? '' : eol
    return `${text}${gap}${assignment}${eol}`
  }
  const [all, exported = ''] = line
  const kept = former ? `# ${all.replaceAll('\n', '\n# ')}${eol}` : ''
  const rest = text.slice(line.index + all.length)
  return `${text.slice(0, line.index)}${kept}${exported}${assignment}${rest}`
}

/** As it is where that is safe: `docker --env-file` takes quotation marks for a part of the value. */
function* quotedForms(value: string): Generator<string> {
  if (/^[\w.:/~@+=,;!*()-]*$/.test(value)) yield value
  if (/[\r\n]/.test(value)) return
  for (const mark of ["'", '"', '`']) if (!value.includes(mark)) yield `${mark}${value}${mark}`
}

function readText(path: string): string | undefined {
  const status = statSync(path, { throwIfNoEntry: false })
  if (!status) return undefined
  if (!status.isFile()) {
    throw new CommandError(`${path} is not a file.`, { cure: 'Name another one with --dotenv.' })
  }
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw unusable(path, 'read', cause)
  }
}

/** What is to be written back; bytes that are no UTF-8 would not be. */
function readForChange(path: string): string {
  const text = readText(path) ?? ''
  if (!text.includes('\uFFFD')) return text
  throw unusable(path, 'written', new Error('it is not in UTF-8'))
}

/** Makes sure that it can be written, before there is something that is shown only once. */
export function checkEnvFile(path: string): void {
  write(path, readForChange(path), 'try')
}

/** Beside the file itself, also where the path is a link to it. */
function write(path: string, text: string, mode: 'keep' | 'try'): void {
  const status = statSync(path, { throwIfNoEntry: false })
  const target = status ? realpathSync(path) : path
  const temporary = `${target}.${randomUUID()}.tmp`
  try {
    // Whoever has made it read-only means it.
    if (status) accessSync(target, constants.W_OK)
    writeFileSync(temporary, text, { mode: 0o600, flag: 'wx', flush: true })
    if (status) {
      chmodSync(temporary, status.mode & 0o7777)
      if (status.uid !== process.getuid?.()) chownSync(temporary, status.uid, status.gid)
    }
    if (mode === 'keep') renameSync(temporary, target)
  } catch (cause) {
    throw unusable(path, 'written', cause)
  } finally {
    rmSync(temporary, { force: true })
  }
}

function unusable(path: string, what: string, cause: unknown): CommandError {
  const fault = toFileFault(path, cause)
  if (fault instanceof FileFault) {
    const cure = `${fault.cure} Another file can be named with --dotenv.`
    return new CommandError(fault.problem, { cure, cause })
  }
  return new CommandError(`${path} cannot be ${what}: ${(cause as Error).message}.`, {
    cure: 'Let this user read and write it, or name another one with --dotenv.',
    cause,
  })
}
