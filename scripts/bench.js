// `npm run bench -- NAME …`: runs bench/NAME.ts.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ensureBuilt, ensureInstalled, nodeBinary, root, say } from './setup.js'

ensureInstalled()
// Some start the command, as it is built.
ensureBuilt()
const [name = '', ...args] = process.argv.slice(2)
const benches = readdirSync(join(root, 'bench'))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -3))
if (!benches.includes(name)) {
  say(`Which one? npm run bench -- ${benches.join(' | ')}`)
  process.exit(2)
}
const file = join(root, 'bench', `${name}.ts`)
// What V8 sets aside for new objects grows with the load; RSS is to show what is kept.
const flags = ['--expose-gc', '--max-semi-space-size=1']
const result = spawnSync(nodeBinary(), [...flags, file, ...args], { stdio: 'inherit' })
if (result.error) say(`failed: ${result.error.message}`)
process.exit(result.status ?? 1)
