// `npm run docs`: writes the pages that are made from the source.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { ensureInstalled, nodeBinary, root, say } from './setup.js'

ensureInstalled()
const page = join(root, 'scripts', 'aadsts-page.ts')
const result = spawnSync(nodeBinary(), [page], { cwd: root, stdio: 'inherit' })
if (result.error) say(`failed: ${result.error.message}`)
process.exit(result.status ?? 1)
