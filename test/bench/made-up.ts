// A run of parts that measure nothing and take no time: `node made-up.ts DOCS-FOLDER ARGS…`.
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { start } from '../../bench/kit/process.ts'
import { runBench } from '../../bench/run/run-bench.ts'
import { madeUpPart, ratio } from './measurements.ts'

/** Does not hear that it should end. */
const STUBBORN = `
  process.on('SIGTERM', () => {})
  setInterval(() => {}, 1000)
  require('node:fs').writeFileSync(process.argv[1], '')
`

const parts = [
  madeUpPart({ name: 'steady', ratios: [ratio('steady/bare', [96, 95.8, 96.1])] }),
  madeUpPart({ name: 'slower', ratios: [ratio('slower/bare', [61, 60, 62])] }),
  madeUpPart({ name: 'renamed', ratios: [] }),
  madeUpPart({
    name: 'broken',
    measure: async () => {
      throw new Error('postgres://app:hunter2@127.0.0.1:1/x does not answer\nand more')
    },
  }),
  madeUpPart({
    name: 'stray',
    measure: () => {
      setImmediate(() => {
        throw new Error('nobody waits for this')
      })
      return new Promise(() => {})
    },
  }),
  madeUpPart({
    name: 'careless',
    isQuick: false,
    measure: async ({ say }) => {
      say(`started ${(await startStubborn()).pid}`)
      return { conditions: [], figures: [], ratios: [], targets: [], absent: [] }
    },
  }),
  madeUpPart({
    name: 'endless',
    isQuick: false,
    measure: async ({ say }) => {
      const folder = mkdtempSync(join(tmpdir(), 'made-up-'))
      writeFileSync(join(folder, 'file'), 'text')
      say(`started ${(await startStubborn()).pid} in ${folder}`)
      return new Promise(() => {})
    },
  }),
]
const floor = { least: 90, why: 'made up', look: 'look at what changed.' }
const floors = ['steady', 'slower', 'renamed'].map((part) => ({
  ...floor,
  part,
  ratio: `${part}/bare`,
}))

const [docs = '', ...args] = process.argv.slice(2)
// A whole run is to come to its end.
const some = parts.filter(({ name }) => name !== 'endless' || args.includes(name))
process.exit(await runBench(args, { parts: some, floors, docs }))

async function startStubborn() {
  const mark = join(mkdtempSync(join(tmpdir(), 'made-up-')), 'here')
  const program = { command: process.execPath, args: ['--eval', STUBBORN, mark] }
  return start(program, async () => existsSync(mark))
}
