import { ConfigError } from '../core/errors.ts'
import { FileFault, onFile } from '../files/file-fault.ts'

/** Opens a file; what is wrong with it, such as damage or a full disk, is the setting's. */
export function openFile<T>(option: string, path: string, open: (path: string) => T): T {
  try {
    return onFile(path, () => open(path))
  } catch (error) {
    throw toConfigError(option, error)
  }
}

/** What is wrong with a file, as something that is wrong with a setting; any other error as it is. */
export function toConfigError(option: string, error: unknown): unknown {
  if (!(error instanceof FileFault)) return error
  const { problem, cure } = error
  return new ConfigError([{ option, problem, cure }])
}
