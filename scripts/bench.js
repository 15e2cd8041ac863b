// `npm run bench -- NAME …`: runs bench/NAME.ts.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ensureInstalled, nodeBinary, root, say } from './setup.js'

ensureInstalled()
const [name = '', ...args] = process.argv.slice(2)
const benches = readdirSync(join(root, 'bench'))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -3))
if (!benches.includes(name)) {
  say(`Which one? npm run bench -- ${benches.join(' | ')}`)
  process.exit(2)
}
const file = join(root, 'bench', `${name}.ts`)
const result = spawnSync(nodeBinary(), ['--expose-gc', file, ...args], { stdio: 'inherit' })
if (result.error) say(`failed: ${result.error.message}`)
process.exit(result.status ?? 1)
