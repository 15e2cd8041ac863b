import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { TARGETS } from '../../bench/kit/targets.ts'

const program = join(import.meta.dirname, 'made-up.ts')
const folder = mkdtempSync(join(tmpdir(), 'entrance-run-'))
const docs = join(folder, 'docs')
const isLinux = process.platform === 'linux'
after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))

test('a run that came to its end is a success, and prints the report alone to stdout', () => {
  const { status, stdout, stderr } = run('--only', 'steady')
  assert.equal(status, 0, stderr)
  assert.match(stdout, /^Entrance [\d.]+/)
  assert.match(stdout, /the ratio steady\/bare +96\.0 %/)
  assert.match(stderr, /steady: the part steady …/)
  assert.doesNotMatch(stderr, /the ratio/)
})

test('a part that fails is reported, the others are measured, and the run has failed', () => {
  const { status, stdout } = run('--only', 'broken', 'stray', '--only', 'steady')
  assert.equal(status, 1)
  assert.match(stdout, /The part broken failed: .+ does not answer/)
  assert.match(stdout, /The part stray failed: nobody waits for this/)
  assert.match(stdout, /the ratio steady\/bare +96\.0 %/)
})

test('the password of an address in an error is not printed, nor written', () => {
  const json = join(folder, 'broken.json')
  const { stdout, stderr } = run('--only', 'broken', '--json', json)
  assert.match(stdout, /postgres:\/\/…@127\.0\.0\.1/)
  assert.doesNotMatch(stdout + stderr + readFileSync(json, 'utf8'), /hunter2/)
})

test('the quick form fails where a ratio is below its floor, and says which', () => {
  const { status, stdout } = run('--quick', '--only', 'slower')
  assert.equal(status, 1)
  assert.match(stdout, /Slower than it may be: the ratio slower\/bare: 61 %/)
})

test('the quick form succeeds where all are above, and the full form has no floors', () => {
  assert.equal(run('--quick', '--only', 'steady').status, 0)
  assert.equal(run('--only', 'slower').status, 0)
})

test('--json writes a row for each target', () => {
  const json = join(folder, 'figures.json')
  const { status } = run('--quick', '--rounds', '1', '--only', 'steady', '--json', json)
  assert.equal(status, 0)
  const { rows, run: how } = JSON.parse(readFileSync(json, 'utf8'))
  assert.equal(rows.length, Object.keys(TARGETS).length)
  assert.equal(how.rounds, 1)
})

test('--docs writes the page and takes away pictures that are not made any more', () => {
  const { status } = run('--docs')
  assert.equal(status, 1, 'two of the parts fail')
  assert.match(readFileSync(join(docs, 'benchmarks.md'), 'utf8'), /^# Benchmarks\n/)
  const old = join(docs, 'benchmarks', 'old.svg')
  writeFileSync(old, '<svg/>')
  run('--docs')
  assert.equal(existsSync(old), false)
})

test('without --docs no file is written', () => {
  const before = readdirSync(folder)
  run('--only', 'steady')
  assert.deepEqual(readdirSync(folder), before)
})

test('what was measured is printed though no file can be written, and the run has failed', {
  skip: !isLinux && 'There is no /dev/full.',
}, () => {
  // A file where the folder should be.
  const inFile = join(folder, 'a file')
  writeFileSync(inFile, '')
  const asked = [['--only', 'steady', '--json', '/dev/full'], ['--docs']] as const
  for (const args of asked) {
    const command = [program, join(inFile, 'docs'), ...args]
    const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8' })
    assert.equal(status, 1)
    assert.match(stdout, /the ratio steady\/bare +96\.0 %/)
    assert.match(stderr, /(\/dev\/full|benchmarks\.md) could not be written: (ENOSPC|ENOTDIR)/)
    assert.doesNotMatch(stderr, /^wrote/m)
  }
})

const taken = mkdtempSync(join(folder, 'taken-'))

for (const [args, text] of [
  [['--rounds', 'many'], /'many' is invalid\. A whole number from 1 to 50 is expected/],
  [['--rounds', '0'], /A whole number from 1 to 50/],
  [['--rounds', '1.5'], /A whole number from 1 to 50/],
  [['--rounds', '51'], /A whole number from 1 to 50/],
  [['--rounds', '2'], /--rounds 2 is too few .+ Give 3 or more, or --quick/],
  [['--only', 'nothing'], /There is no such part\. There are: steady, slower, /],
  [['--only'], /--only <part\.\.\.>' argument missing/],
  [['--quick', '--only', 'endless'], /--only endless is not in the quick form.+Leave out --quick/],
  [['--docs', '--quick'], /--docs writes the page of a whole run\. Leave out --quick/],
  [['--docs', '--only', 'steady'], /Leave out --only/],
  [['--json', taken], /cannot be written: it is a folder\. Name a file/],
  [['--json', join(folder, 'nowhere', 'x')], /cannot be written: there is no folder .+nowhere/],
  [['--json', '/proc/nothing'], /cannot be written: .+ Name a file/],
  [['--json'], /--json <file>' argument missing/],
  [['--quik'], /unknown option '--quik'\n\(Did you mean --quick\?\)/],
  [['steady'], /too many arguments/],
] as const) {
  test(`${args.map((arg) => arg.replace(folder, 'F')).join(' ')} is refused before anything is measured`, {
    skip: args.some((arg) => arg.startsWith('/proc')) && !isLinux && 'There is no /proc.',
  }, () => {
    const { status, stdout, stderr } = run(...args)
    assert.equal(status, 2)
    assert.match(stderr, text)
    assert.match(stderr, /npm run bench -- --help/)
    assert.equal(stdout, '')
    assert.doesNotMatch(stderr, /…$/m)
  })
}

test('a file that --json names and an error prevents stays as it was', () => {
  const json = join(folder, 'kept.json')
  writeFileSync(json, 'before')
  assert.equal(run('--rounds', '2', '--json', json).status, 2)
  assert.equal(readFileSync(json, 'utf8'), 'before')
})

test('--help says what there is', () => {
  const { status, stdout } = run('--help')
  assert.equal(status, 0)
  for (const option of ['--quick', '--only', '--rounds', '--json', '--docs'])
    assert.ok(stdout.includes(option), option)
  assert.match(stdout, /Parts: steady, slower/)
})

test('a process that a part leaves behind is ended before the next part', {
  skip: !isLinux && 'There is no /proc.',
}, () => {
  const { status, stderr } = run('--only', 'careless')
  assert.equal(status, 0)
  const [, pid = ''] = /started (\d+)/.exec(stderr) ?? []
  assert.match(stderr, /careless: ended 1 of its processes, which were left/)
  assert.equal(isAlive(Number(pid)), false)
})

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test(`${signal} leaves no process, no folder and no file`, {
    skip: !isLinux && 'There is no /proc.',
  }, async () => {
    const json = join(folder, `${signal}.json`)
    const args = [program, docs, '--only', 'endless', '--json', json]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    const started = Promise.withResolvers<RegExpExecArray>()
    child.stderr.on('data', (chunk) => {
      said += chunk
      const match = /started (\d+) in (\S+)/.exec(said)
      if (match) started.resolve(match)
    })
    const [, pid, temporary = ''] = await started.promise
    assert.ok(existsSync(temporary))
    child.kill(signal)
    const [status] = await once(child, 'exit')
    assert.equal(status, code, said)
    assert.match(said, new RegExp(`ended by ${signal}: nothing is left of it`))
    assert.equal(isAlive(Number(pid)), false)
    const [own = ''] = /^.*entrance-bench-\w+/.exec(temporary) ?? []
    assert.ok(own.length > 0, temporary)
    assert.equal(existsSync(own), false)
    assert.equal(existsSync(json), false)
  })
}

function run(...args: readonly string[]) {
  return spawnSync(process.execPath, [program, docs, ...args], {
    encoding: 'utf8',
    timeout: 60_000,
  })
}

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
