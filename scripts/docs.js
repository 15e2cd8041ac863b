// `npm run docs`: writes the pages that are made from the source.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { ensureInstalled, nodeBinary, root, say } from './setup.js'

ensureInstalled()
for (const name of ['aadsts-page.ts', 'faults-page.ts']) {
  const page = join(root, 'scripts', name)
  const result = spawnSync(nodeBinary(), [page], { cwd: root, stdio: 'inherit' })
  if (result.error) say(`failed: ${result.error.message}`)
  if (result.status !== 0) process.exit(result.status ?? 1)
}
