import { realpathSync } from 'node:fs'
import { isAbsolute, relative, sep } from 'node:path'
import type { Client, ClientFile } from '../../connect/clients.ts'
import { snippetOf } from '../../connect/snippet.ts'
import { CommandError } from '../exit-codes.ts'
import { confirm } from '../prompt.ts'
import { printableLine, type Terminal } from '../terminal.ts'
import { emphasize } from './by-words.ts'
import { nextStep } from './next-steps.ts'
import type { Scope } from './place.ts'
import { showDifference } from './show-difference.ts'
import { type Change, type Decision, planChange, updateFile } from './update-file.ts'

/** What is to be done to which client's file. */
export type FileRun = {
  readonly client: Client
  readonly file: ClientFile
  readonly path: string
  readonly scope: Scope
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
  const [problem] = problemsOf(change, run)
  if (problem === undefined || run.options.force) return 'write'
  if (!terminal.isInteractive) throw notAsked(problem)
  for (const { words } of problemsOf(change, run)) terminal.note(words)
  terminal.note(showDifference(change.file.text, change.merged.text, terminal.formatNote))
  if (await confirm(problem.question, terminal)) return 'write as shown'
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
  if (!run.options.force) for (const { words } of problemsOf(change, run)) terminal.note(words)
  terminal.out(terminal.format('bold', file.status ? shownPath(change) : `${file.path} (new)`))
  terminal.out(showDifference(file.text, merged.text, terminal.format))
  terminal.note('Nothing was written.')
}

function presence(change: Change, name: string): string {
  return `${shownPath(change)} has this server already, as "${printableLine(name)}".`
}

type Problem = { readonly words: string; readonly question: string; readonly cure: string }

/** What a person has to agree to. */
function problemsOf(change: Change, run: FileRun): readonly Problem[] {
  const { file, merged } = change
  const problems: Problem[] = []
  if (run.scope === 'project' && file.isLinked && leadsOut(file.target)) {
    problems.push({
      words: `${file.path} is a link that leads out of this folder, to ${printableLine(file.target)}.`,
      question: 'Write there?',
      cure: '--force writes there, --print writes to stdout what belongs in the file.',
    })
  }
  if (merged.state === 'replaced') {
    problems.push({
      words: conflict(change, run),
      question: 'Replace it?',
      cure: '--force replaces it, --name adds this one by another name, --dry-run shows the difference.',
    })
  }
  return problems
}

/** A project may be somebody else's: its links are no word of the person's. */
function leadsOut(target: string): boolean {
  const way = relative(realpathSync('.'), target)
  return way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way)
}

function notAsked({ words, cure }: Problem): CommandError {
  return new CommandError(`${words} It was left as it is.`, { cure })
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
  return file.isLinked ? `${file.path} (a link to ${printableLine(file.target)})` : file.path
}
