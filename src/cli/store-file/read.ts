import { createHash, type Hash } from 'node:crypto'
import type { z } from 'zod'
import { CommandError } from '../exit-codes.ts'
import {
  type FileEnd,
  type FileHeader,
  type FileRecord,
  type FileRevocation,
  FORMAT,
  LINE_MAX,
  SCHEMAS,
  VERSION,
} from './format.ts'
import { type Line, linesOf } from './lines.ts'

/** What a file holds, in its order; the end is checked, and not given. */
export type FileEntry =
  | { readonly header: FileHeader }
  | { readonly record: FileRecord; readonly line: number }
  | { readonly revocation: FileRevocation; readonly line: number }

/**
 * Reads what `store export` wrote, line by line. Throws a `CommandError` at the first line that is
 * wrong, with its number, and at the end where the file is not whole, or not what was written.
 */
export async function* readFile(
  chunks: AsyncIterable<Buffer>,
  name: string,
): AsyncGenerator<FileEntry> {
  const digest = createHash('sha256')
  const read = { records: 0, revocations: 0 }
  const tooLong = (number: number) =>
    wrong(name, number, `is longer than ${LINE_MAX} bytes, which no line of an export is.`)
  let end: FileEnd | undefined
  for await (const line of linesOf(chunks, LINE_MAX, tooLong)) {
    if (end) throw wrong(name, line.number, 'stands behind the line that is the last one.')
    if (!line.isWhole) throw cutOff(name, line.number)
    if (line.number === 1) yield { header: toHeader(line, name) }
    else {
      const body = toBody(line, name)
      if ('end' in body) {
        end = body.end
        checkEnd(end, read, digest, name, line.number)
        continue
      }
      read['record' in body ? 'records' : 'revocations']++
      yield { ...body, line: line.number }
    }
    digest.update(line.bytes).update('\n')
  }
  if (!end) throw cutOff(name)
}

function toHeader(line: Line, name: string): FileHeader {
  const value = parse(line, name)
  const { format, version } = (value ?? {}) as { format?: unknown; version?: unknown }
  if (format !== FORMAT) {
    throw wrong(name, 1, `is not the beginning of an export: "format":"${FORMAT}" is expected.`)
  }
  if (version !== VERSION) {
    throw new CommandError(
      `${name} is of format version ${typeof version === 'number' ? version : 'unknown'}; this release reads version ${VERSION}.`,
      { cure: 'Import it with the release that wrote it, or export anew with this one.' },
    )
  }
  return check(SCHEMAS.header.safeParse(value), name, 1)
}

type Body =
  | { readonly record: FileRecord }
  | { readonly revocation: FileRevocation }
  | { readonly end: FileEnd }

function toBody(line: Line, name: string): Body {
  const { number } = line
  const value = Object(parse(line, name)) as Record<string, unknown>
  const [kind, ...more] = Object.keys(value)
  if (more.length === 0) {
    if (kind === 'record')
      return { record: check(SCHEMAS.record.safeParse(value.record), name, number) }
    if (kind === 'end') return { end: check(SCHEMAS.end.safeParse(value.end), name, number) }
    if (kind === 'revocation') {
      return { revocation: check(SCHEMAS.revocation.safeParse(value.revocation), name, number) }
    }
  }
  throw wrong(
    name,
    number,
    'is not as an export writes it: one of record, revocation and end is expected.',
  )
}

function parse({ bytes, number }: Line, name: string): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    throw wrong(name, number, 'is no JSON: an object on a line of its own is expected.')
  }
}

/** Says where in the line what is expected; never what is there, which may be anything. */
function check<T>(result: z.ZodSafeParseResult<T>, name: string, number: number): T {
  if (result.success) return result.data
  const [issue] = result.error.issues
  const where = issue && issue.path.length > 0 ? ` at ${issue.path.join('.')}` : ''
  const said = issue?.code === 'unrecognized_keys' ? 'no other member is expected' : issue?.message
  const what = said?.replace(/^Invalid input: |\.$/g, '')
  throw wrong(name, number, `is not as an export writes it${where}: ${what}.`)
}

function checkEnd(
  end: FileEnd,
  read: { readonly records: number; readonly revocations: number },
  digest: Hash,
  name: string,
  number: number,
): void {
  if (end.records !== read.records || end.revocations !== read.revocations) {
    throw wrong(
      name,
      number,
      `says ${end.records} records and ${end.revocations} revocations; before it there are ${read.records} and ${read.revocations}.`,
    )
  }
  if (end.sha256 === digest.digest('hex')) return
  throw wrong(
    name,
    number,
    'has another SHA-256 than what is before it: the file was changed or damaged on its way.',
  )
}

/** What is wrong with a line. */
export function wrong(name: string, number: number, what: string): CommandError {
  return new CommandError(`${name}, line ${number}: it ${what}`, { cure: EXPORT_AGAIN })
}

function cutOff(name: string, number?: number): CommandError {
  const where = number === undefined ? '' : ` in line ${number}`
  const message = `${name} is cut off${where}: it ends without the line that is the last one.`
  return new CommandError(message, { cure: EXPORT_AGAIN })
}

const EXPORT_AGAIN = 'Copy the file again, or export anew: entrance store export FILE'
