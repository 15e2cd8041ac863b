import type { ClientFile } from '../../connect/clients.ts'
import { CommandError } from '../exit-codes.ts'
import { type ConfigFile, FileChanged, readConfigFile, writeConfigFile } from './config-file.ts'
import { mergeJson } from './json-file.ts'
import { type Merged, MergeError } from './merge.ts'
import { mergeToml } from './toml-file.ts'

/** A file as it is, and what it would be with the entry. */
export type Change = {
  readonly file: ConfigFile
  readonly merged: Merged
}

/** What to do with a change; `write as shown`: somebody has agreed to just that. */
export type Decision = 'write' | 'write as shown' | 'leave'

/** How often others may be quicker, each with a change of their own. */
const ATTEMPTS = 20

/**
 * Merges a client's entry into its file where `decide` lets it. Where somebody else changes the file
 * in between, it is done anew with theirs, unless a person has agreed to what they were shown.
 */
export async function updateFile(
  path: string,
  client: ClientFile,
  decide: (change: Change) => Promise<Decision>,
): Promise<Change> {
  for (let attempt = 1; ; attempt++) {
    const change = planChange(path, client)
    if (change.merged.state === 'same') return change
    const decision = await decide(change)
    if (decision === 'leave') return change
    try {
      await writeConfigFile(change.file, change.merged.text)
      return change
    } catch (error) {
      const isAnew = error instanceof FileChanged && decision === 'write' && attempt < ATTEMPTS
      if (!isAnew) throw error
    }
  }
}

/** Reads a client's file, and merges the entry into what it says; nothing is written. */
export function planChange(path: string, client: ClientFile): Change {
  const file = readConfigFile(path)
  const wanted = { container: client.key, name: client.name, entry: client.entry }
  try {
    const merge = client.format === 'json' ? mergeJson : mergeToml
    return { file, merged: merge(file.text, wanted) }
  } catch (cause) {
    if (!(cause instanceof MergeError)) throw cause
    throw new CommandError(`${path} was left as it is: ${cause.message}.`, {
      cure: 'Mend it there, or add what --print writes yourself.',
      cause,
    })
  }
}
