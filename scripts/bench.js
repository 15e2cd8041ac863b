// `npm run bench`: the whole comparison, bench/run.ts. `npm run bench -- NAME …`: bench/NAME.ts.
import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ensureBuilt, ensureInstalled, nodeBinary, root, say } from './setup.js'

const [first = '', ...rest] = process.argv.slice(2)
const isWhole = first === '' || first.startsWith('-')
const benches = readdirSync(join(root, 'bench'))
  .filter((file) => file.endsWith('.ts') && file !== 'run.ts')
  .map((file) => file.slice(0, -3))
if (!isWhole && !benches.includes(first)) {
  say(`There is no bench '${first}'. There are: ${benches.join(', ')}.`)
  say('Without a name everything is compared: `npm run bench -- --help` says what else there is.')
  process.exit(2)
}
ensureInstalled()
// Some start the command, as it is built.
ensureBuilt()
// What V8 sets aside for new objects grows with the load; RSS is to show what is kept.
const flags = ['--expose-gc', ...(isWhole ? [] : ['--max-semi-space-size=1'])]
const args = isWhole ? ['run.ts', ...process.argv.slice(2)] : [`${first}.ts`, ...rest]
const [file = '', ...others] = args
const child = spawn(nodeBinary(), [...flags, join(root, 'bench', file), ...others], {
  stdio: 'inherit',
})
child.on('error', (error) => {
  say(`failed: ${error.message}`)
  process.exit(1)
})
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  // It has things to put away, and its exit code is waited for.
  process.on(signal, () => child.kill(signal))
}
child.on('exit', (code, signal) => {
  process.removeAllListeners(signal ?? 'SIGINT')
  if (signal) process.kill(process.pid, signal)
  process.exitCode = code ?? 1
})
