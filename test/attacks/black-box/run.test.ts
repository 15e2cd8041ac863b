import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { ATTACKS } from './attacks.ts'
import { PROFILES } from './profiles.ts'
import { MARKS, toMarkdown } from './table.ts'

const run = (...args: string[]) =>
  spawnSync(process.execPath, [join(import.meta.dirname, 'run.ts'), ...args], { encoding: 'utf8' })

suite('npm run attacks', () => {
  test('says how it is called, and which attacks there are', () => {
    const help = run('--help')
    assert.equal(help.status, 0)
    for (const { id } of PROFILES) assert.ok(help.stdout.includes(id))
    const list = run('--list')
    assert.equal(list.status, 0)
    for (const { name } of [...ATTACKS.values()].flat()) assert.ok(list.stdout.includes(name), name)
  })

  const WRONG: readonly (readonly [RegExp, ...string[]])[] = [
    [/no profile 'nginx'\. Choose of: entrance/, '--profile', 'nginx'],
    [/No attack has 'xyzzy'/, '--only', 'xyzzy'],
    [/exclude each other/, '--all', '--profile', 'entrance'],
    [/'--write' needs '--all'/, '--write'],
    [/'--write' needs '--all'/, '--write', '--all', '--only', 'code'],
    [/Unknown option '--everything'/, '--everything'],
    [/Unexpected argument 'entrance'/, 'entrance'],
  ]
  for (const [message, ...args] of WRONG) {
    test(`says what is wrong with ${args.join(' ')}`, () => {
      const { status, stderr, stdout } = run(...args)
      assert.equal(status, 2)
      assert.match(stderr, message)
      assert.match(stderr, /--help/)
      assert.equal(stdout, '')
    })
  }

  test('carries out the attacks that are asked for, and says what came', () => {
    const { status, stdout } = run('--only', '50 times at once')
    assert.equal(status, 0, stdout)
    assert.match(stdout, /✔.* a code redeemed 50 times at once gives one set of tokens/)
    assert.match(stdout, /1 of 50 answers carried tokens/)
    assert.match(stdout, /\n1 withstood\n/)
  })
})

suite('the table of docs/attacks.md', () => {
  const document = readFileSync(join(import.meta.dirname, '../../../docs/attacks.md'), 'utf8')
  const attacks = [...ATTACKS.values()].flat()

  test("has every attack and no other; 'npm run attacks -- --all --write' writes it", () => {
    const rows = [...document.matchAll(/^\| (.+?) \| (?:critical|high|medium|low) \|/gm)]
    const names = rows.map(([, name]) => name?.replaceAll('\\', ''))
    assert.deepEqual(
      names,
      attacks.map(({ name }) => name),
    )
  })

  test('says of Entrance what the tests hold', () => {
    const rows = [...document.matchAll(/^\| (.+?) \| (?:critical|high|medium|low) \| (.) \|/gm)]
    const others = rows.filter(([, , mark]) => mark !== MARKS.withstood)
    assert.ok(rows.length > others.length)
    assert.deepEqual(
      others.filter(([, , mark]) => mark !== MARKS['not applicable']).map(([, name]) => name),
      [],
    )
  })

  test('keeps what a server said as text', () => {
    const [profile] = PROFILES
    assert.ok(profile)
    const verdict = {
      outcome: 'fell',
      evidence: '<img src=x> | [a](b) `c` localhost:38000',
    } as const
    const verdicts = new Map(attacks.map(({ name }) => [name, verdict]))
    const text = toMarkdown([{ profile, version: '1', verdicts, reason: undefined }])
    assert.ok(text.includes('\\<img src=x\\> \\| \\[a\\](b) \\`c\\` localhost:PORT'))
  })
})
