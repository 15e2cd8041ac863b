import { accessSync, constants, mkdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { ConfigError, type ConfigProblem } from '../core/errors.ts'

/** Why the data folder cannot be used, as far as it shows before anything is made. */
export function findDataFolderProblems(data: string, option = 'ENTRANCE_DATA'): ConfigProblem[] {
  if (data === '') return [unusable(data, option, 'it names no folder')]
  try {
    const nearest = nearestExisting(resolve(data))
    if (!isFolder(nearest)) return [unusable(data, option, `${nearest} is not a folder`)]
    accessSync(nearest, constants.W_OK | constants.X_OK)
    return []
  } catch (error) {
    return [unusable(data, option, (error as Error).message)]
  }
}

/** Throws a `ConfigError` where {@link findDataFolderProblems} finds one. */
export function checkDataFolder(data: string): void {
  const problems = findDataFolderProblems(data)
  if (problems.length > 0) throw new ConfigError(problems)
}

/** Makes the data folder, for its owner only. */
export function makeDataFolder(data: string, option = 'ENTRANCE_DATA'): void {
  try {
    makeFolder(resolve(data), 0o700)
  } catch (error) {
    throw new ConfigError([unusable(data, option, (error as Error).message)])
  }
}

/**
 * Makes a folder, and those above it. Node's own `recursive` never comes back where the kernel says
 * ENOENT, as below /proc.
 */
export function makeFolder(path: string, mode: number): void {
  if (isFolder(path)) return
  makeFolder(dirname(path), mode)
  try {
    mkdirSync(path, { mode })
  } catch (error) {
    // Another server that starts in the same place may have been quicker.
    if (!isFolder(path)) throw error
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

function nearestExisting(path: string): string {
  const parent = dirname(path)
  return parent === path || statSync(path, { throwIfNoEntry: false })
    ? path
    : nearestExisting(parent)
}

function unusable(data: string, option: string, why: string): ConfigProblem {
  const cure = `Give another folder with ${option}, or let this user write there.`
  return { option, problem: `${data || 'An empty name'} cannot be used: ${why}.`, cure }
}
