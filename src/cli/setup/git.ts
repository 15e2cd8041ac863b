import { spawnSync } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { dirname, parse } from 'node:path'
import { childEnvironment } from '../child-environment.ts'

/** `tracked`: it is in the repository; `open`: the next `git add` puts it there. */
export type Tracking = 'tracked' | 'open' | 'none'

/** What git makes of a file. Where there is no git, or no repository, there is nothing to fear. */
export function findTracking(file: string): Tracking {
  const path = realpathSync(file)
  if (git(['ls-files', '--error-unmatch', '--', path], path) === 0) return 'tracked'
  // 0: it is ignored, 1: it is not, anything else: there is no repository.
  return git(['check-ignore', '--quiet', '--', path], path) === 1 ? 'open' : 'none'
}

function git(args: readonly string[], path: string): number | null {
  // A repository's own settings may name a program to run; none is needed for this.
  const words = ['-C', dirname(path), '-c', 'core.fsmonitor=false', ...args]
  // A PATH may have the working directory in it: there, a program of that name is not what is meant.
  const cwd = parse(process.execPath).root
  const options = { cwd, env: childEnvironment(), stdio: 'ignore', timeout: 5000 } as const
  return spawnSync('git', words, options).status
}
