// What it costs to move a store: time and memory of `entrance store export` and `import`.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createKeyring } from '../src/core/keys/keyring.ts'
import { sqliteStore } from '../src/stores/sqlite.ts'
import { COMMAND } from '../test/support/serve.ts'

const COUNT = Number(process.argv[2] ?? 100_000)
/** Of a grant of a person with some groups, sealed; in characters. */
const SEALED = 2500
const LATER = Math.floor(Date.now() / 1000) + 86_400

const folder = mkdtempSync(join(tmpdir(), 'entrance-bench-'))
const secret = randomBytes(32).toString('base64url')
const rows: string[] = []
try {
  const source = join(folder, 'source.db')
  await fill(source)
  await time('export', 'sqlite', ['store', 'export', 'file'], `sqlite:${source}`)
  const size = Math.round(statSync(join(folder, 'file')).size / 1e6)
  const stores = [`sqlite:${join(folder, 'target.db')}`, ...process.argv.slice(3)]
  for (const store of stores) {
    const kind = store.split(':')[0] ?? ''
    await time('import', kind, ['store', 'import', 'file', '--emulator'], store)
    await time('import again', kind, ['store', 'import', 'file', '--emulator', '--merge'], store)
    await time('check', kind, ['store', 'check', '--emulator'], store)
  }
  console.log(`${COUNT} grants, ${size} MB.\n`)
  console.log('| what | store | seconds | RSS at most, MB |\n|---|---|--:|--:|')
  for (const row of rows) console.log(row)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** Past the store: what it costs to put them there is not the question. */
async function fill(path: string): Promise<void> {
  mkdirSync(folder, { recursive: true })
  await sqliteStore(path).close()
  using db = new DatabaseSync(path)
  const insert = db.prepare('INSERT INTO records VALUES (?, ?, 1, ?, ?, ?)')
  const { id } = createKeyring([secret]).current
  db.exec('BEGIN')
  for (let i = 0; i < COUNT; i++) {
    const value = `${id}.${randomBytes((SEALED * 3) / 4).toString('base64url')}`
    insert.run(`grant:${i}`, value, LATER, `tenant/${i % 20_000}`, `client ${i % 50}`)
  }
  db.exec('COMMIT')
}

async function time(what: string, kind: string, args: string[], store: string): Promise<void> {
  const start = performance.now()
  const env = { PATH: process.env.PATH, ENTRANCE_SECRET: secret, ENTRANCE_STORE: store }
  const stdio = ['ignore', 'ignore', 'inherit'] as const
  const child = spawn(process.execPath, [COMMAND, ...args], { cwd: folder, env, stdio: [...stdio] })
  let most = 0
  const looking = setInterval(() => {
    most = Math.max(most, memoryOf(child.pid))
  }, 50)
  const [code] = await once(child, 'close')
  clearInterval(looking)
  if (code !== 0) throw new Error(`${what} ended with ${code}.`)
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  rows.push(`| ${what} | ${kind} | ${seconds} | ${most === 0 ? '-' : most} |`)
}

/** What a process has had at most, as Linux tells it. */
function memoryOf(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return Math.round(Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1]) / 1024)
  } catch {
    return 0
  }
}
