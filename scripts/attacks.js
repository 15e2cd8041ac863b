// `npm run attacks`: attacks servers from outside, and says which withstood.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { ensureBuilt, ensureInstalled, nodeBinary, root, say } from './setup.js'

ensureInstalled()
ensureBuilt()

const run = join(root, 'test', 'attacks', 'black-box', 'run.ts')
const args = [run, ...process.argv.slice(2)]
const result = spawnSync(nodeBinary(), args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
if (result.error) say(`failed: ${result.error.message}`)
process.exit(result.status ?? 1)
