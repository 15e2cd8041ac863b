// `npm start` and `npm run --silent entrance -- ARGS`: the command, from a clone.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { ensureBuilt, ensureInstalled, nodeBinary, root } from './setup.js'

ensureInstalled()
ensureBuilt()

const args = [join(root, 'dist', 'cli', 'main.js'), ...process.argv.slice(2)]
// In a clone, somebody who has set nothing up is trying it out.
const env = { ...process.env, ENTRANCE_CLONE: '1' }
const child = spawn(nodeBinary(), args, { stdio: 'inherit', env })
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  // The terminal sends an interrupt to the whole group; waiting for the child keeps its exit code.
  process.on(signal, () => signal !== 'SIGINT' && child.kill(signal))
}
child.on('exit', (code, signal) => {
  if (signal) process.kill(process.pid, signal)
  process.exit(code ?? 1)
})
