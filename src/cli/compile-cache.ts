// The next start is quicker for what V8 made of a command's code in this one. It is kept in the
// package's own folder and not, as Node would, in the system's for temporary files: code that is run
// has to come from where only those write who may write the program. Nobody may: then none is kept.
import { lstatSync, mkdirSync } from 'node:fs'
import module from 'node:module'
import { dirname, join } from 'node:path'

const folder = join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'entrance-compiled')
if (isOurs(folder)) module.enableCompileCache(folder)

/** Whether nobody else gets in: below it, Node makes folders with whatever rights the umask leaves. */
function isOurs(path: string): boolean {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    return isClosed(path, 0o077) && isClosed(dirname(path), 0o022)
  } catch {
    return false
  }
}

/** On Windows, rights are those of the folder above. */
function isClosed(path: string, rights: number): boolean {
  const { uid, mode } = lstatSync(path)
  return process.platform === 'win32' || (uid === process.getuid?.() && (mode & rights) === 0)
}
