import { accessSync, constants, existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { ConfigError, type ConfigProblem } from '../index.ts'

const CURE = 'Give another folder with ENTRANCE_DATA, or let this user write there.'

/** Why the data folder cannot be used, as far as it shows before anything is made. */
export function findDataFolderProblems(data: string): ConfigProblem[] {
  const nearest = nearestExisting(resolve(data))
  try {
    if (!statSync(nearest).isDirectory()) return [unusable(data, `${nearest} is not a folder`)]
    accessSync(nearest, constants.W_OK | constants.X_OK)
    return []
  } catch (error) {
    return [unusable(data, (error as Error).message)]
  }
}

/** Makes the data folder, for its owner only. */
export function makeDataFolder(data: string): void {
  try {
    makeFolder(resolve(data))
  } catch (error) {
    throw new ConfigError([unusable(data, (error as Error).message)])
  }
}

/** Node's own `recursive` never comes back where the kernel says ENOENT, as below /proc. */
function makeFolder(path: string): void {
  if (existsSync(path)) return
  makeFolder(dirname(path))
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    // Another server that starts in the same folder was quicker.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

function nearestExisting(path: string): string {
  const parent = dirname(path)
  return parent === path || statSync(path, { throwIfNoEntry: false })
    ? path
    : nearestExisting(parent)
}

function unusable(data: string, why: string): ConfigProblem {
  return { option: 'ENTRANCE_DATA', problem: `${data} cannot be used: ${why}.`, cure: CURE }
}
