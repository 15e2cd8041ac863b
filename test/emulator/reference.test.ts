import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import type { z } from 'zod'
import { chromium, find } from '../../scripts/needs.js'
import { parseConfiguration } from '../../src/emulator/configuration/configuration.ts'
import { PARTS } from '../../src/emulator/configuration/schema.ts'
import { CONTROL_ROUTES } from '../../src/emulator/control/answer-control.ts'
import { ACTION, MATCH } from '../../src/emulator/faults/check-fault.ts'
import { withoutChromium } from '../support/chromium.ts'

const root = join(import.meta.dirname, '..', '..')
const text = readFileSync(join(root, 'docs', 'emulator.md'), 'utf8').replaceAll('\r\n', '\n')

suite('docs/emulator.md', () => {
  for (const [heading, part] of PARTS) {
    test(`describes the members of "${heading}" as the schema does`, () => {
      const lines = section(heading).filter((line) => line.startsWith('| `'))
      assert.deepEqual(lines, Object.entries(part.shape).map(describe))
    })
  }

  test('lists the routes of the control API, and no other', () => {
    const listed = section('Control API').flatMap(
      (line) => /^\| `([A-Z]+) \/_emulator\/([^`]*)`/.exec(line)?.slice(1, 3).join(' ') ?? [],
    )
    assert.deepEqual(
      listed.map((route) => route.replaceAll(/\{\w+\}/g, '*')),
      CONTROL_ROUTES,
    )
  })

  test('lists what a fault may say, and no more', () => {
    const listed = section('Outages').flatMap((line) => /^\| `([\w.]+)`/.exec(line)?.[1] ?? [])
    const names = [...MATCH.keys()].map((name) => `match.${name}`)
    assert.deepEqual(listed, [...names, ...[...ACTION.keys()].map((name) => `action.${name}`)])
  })

  test('shows a configuration that the emulator takes', () => {
    const [json = ''] = blocks('json')
    assert.ok(parseConfiguration(json).users)
  })

  for (const [name, mark, skip] of [
    ['an API’s test', 'verifies tokens', false],
    ['a browser’s test', 'signs in with a browser', withoutChromium],
  ] as const) {
    test(`has ${name} that passes in a project of its own`, { skip }, (t) => {
      const recipe = blocks('ts').find((block) => block.includes(mark))
      assert.ok(recipe)
      const { status, stdout, stderr } = run(t, recipe)
      assert.equal(status, 0, `${stdout}${stderr}`)
      assert.match(stdout, /pass 1\n/)
    })
  }
})

/** The lines below a heading, up to the next one. */
function section(heading: string): string[] {
  const lines = text.split('\n')
  const start = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, '') === heading)
  assert.ok(start >= 0, `there is a section ${heading}`)
  const end = lines.findIndex((line, i) => i > start && /^#+ /.test(line))
  return lines.slice(start + 1, end < 0 ? undefined : end)
}

function describe([name, type]: [string, unknown]): string {
  const meta = (type as z.ZodType).meta() ?? {}
  return `| \`${name}\` | ${String(meta.fallback ?? 'required')} | ${meta.description}. |`
}

function blocks(language: string): string[] {
  const pattern = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm')
  return [...text.matchAll(pattern)].map(([, block = '']) => block)
}

/** Runs a test file where a stranger would have it: beside the installed packages. */
function run(t: TestContext, recipe: string) {
  const folder = mkdtempSync(join(tmpdir(), 'recipe-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const modules = join(folder, 'node_modules')
  mkdirSync(modules)
  symlinkSync(root, join(modules, 'entrance'), 'junction')
  for (const name of ['jose', 'playwright-core']) {
    symlinkSync(join(root, 'node_modules', name), join(modules, name), 'junction')
  }
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(folder, 'recipe.test.ts'), recipe)
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const browser = { CHROMIUM: find(chromium) || '' }
  const options = {
    cwd: folder,
    encoding: 'utf8',
    env: { ...env, ...browser },
    timeout: 120_000,
  } as const
  return spawnSync(process.execPath, ['--test', '--test-reporter=tap'], options)
}
