// The next start is quicker for what V8 made of a command's code in this one. It is kept in the
// package's own folder and not, as Node would, in the system's for temporary files: code that is run
// has to come from where only those write who may write the program. Nobody may: then none is kept.
import module from 'node:module'
import { join } from 'node:path'

module.enableCompileCache(
  join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'entrance'),
)
