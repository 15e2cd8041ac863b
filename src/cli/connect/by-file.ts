import type { Client, ClientFile } from '../../connect/clients.ts'
import { snippetOf } from '../../connect/snippet.ts'
import { CommandError } from '../exit-codes.ts'
import { confirm } from '../prompt.ts'
import { printableLine, type Terminal } from '../terminal.ts'
import { emphasize } from './by-words.ts'
import { nextStep } from './next-steps.ts'
import { showDifference } from './show-difference.ts'
import { type Change, type Decision, planChange, updateFile } from './update-file.ts'

/** What is to be done to which client's file. */
export type FileRun = {
  readonly client: Client
  readonly file: ClientFile
  readonly path: string
  readonly options: {
    readonly name?: string
    readonly dryRun?: boolean
    readonly print?: boolean
    readonly force?: boolean
  }
}

/** Writes a client's file, or shows what would be in it. */
export async function connectByFile(run: FileRun, terminal: Terminal): Promise<void> {
  const { client, file, path, options } = run
  if (options.print) {
    terminal.out(snippetOf(file))
    return terminal.note(`That belongs in ${path}.`)
  }
  if (options.dryRun) return preview(run, terminal)
  const change = await updateFile(path, file, (change) => decide(change, run, terminal))
  const present = nameOfPresent(change, run)
  if (present !== undefined) terminal.note(`${presence(change, present)} Nothing was changed.`)
  else terminal.note(terminal.formatNote('green', written(change, file)))
  terminal.note(emphasize(nextStep(client, present ?? file.name), terminal))
}

/** The name by which the entry is there already; undefined: it is not, or another one is asked for. */
function nameOfPresent({ merged }: Change, { file, options }: FileRun): string | undefined {
  if (merged.state === 'same') return file.name
  return options.name === undefined ? merged.otherName : undefined
}

async function decide(change: Change, run: FileRun, terminal: Terminal): Promise<Decision> {
  if (nameOfPresent(change, run) !== undefined) return 'leave'
  if (change.merged.state === 'added' || run.options.force) return 'write'
  const problem = conflict(change, run)
  if (!terminal.isInteractive) {
    const cure =
      '--force replaces it, --name adds this one by another name, --dry-run shows the difference.'
    throw new CommandError(`${problem} It was left as it is.`, { cure })
  }
  terminal.note(problem)
  terminal.note(showDifference(change.file.text, change.merged.text, terminal.formatNote))
  if (await confirm('Replace it?', terminal)) return 'write as shown'
  throw new CommandError('Nothing was changed.')
}

function preview(run: FileRun, terminal: Terminal): void {
  const change = planChange(run.path, run.file)
  const { file, merged } = change
  const present = nameOfPresent(change, run)
  if (present !== undefined) {
    terminal.note(presence(change, present))
    return
  }
  if (merged.state === 'replaced' && !run.options.force) terminal.note(conflict(change, run))
  terminal.out(terminal.format('bold', file.status ? shownPath(change) : `${file.path} (new)`))
  terminal.out(showDifference(file.text, merged.text, terminal.format))
  terminal.note('Nothing was written.')
}

function presence(change: Change, name: string): string {
  return `${shownPath(change)} has this server already, as "${printableLine(name)}".`
}

function conflict(change: Change, { file, path }: FileRun): string {
  const { formerUrl } = change.merged
  const whose = formerUrl === undefined ? '' : `, for ${printableLine(formerUrl)}`
  return `Another "${file.name}" is in ${path} already${whose}.`
}

function written(change: Change, { name, entry }: ClientFile): string {
  const verb = change.merged.state === 'replaced' ? 'Replaced' : 'Added'
  return `${verb} "${name}" in ${shownPath(change)}: ${entry.url}`
}

function shownPath({ file }: Change): string {
  return file.isLinked ? `${file.path} (a link to ${file.target})` : file.path
}
