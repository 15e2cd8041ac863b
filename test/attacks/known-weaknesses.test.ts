import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'

const tests = join(import.meta.dirname, '..')
const page = readFileSync(join(tests, '..', 'docs', 'attacks.md'), 'utf8')
const [, section = ''] = page.split('## Where each known weakness is tested')

suite('each weakness that docs/attacks.md lists', () => {
  const rows = [...section.matchAll(/^\| (?!Row )([^|-][^|]*) \| ([^|]+) \| ([^|]+) \|$/gm)].map(
    ([, id = '', , held = '']) => ({ id, held }),
  )

  test('has a test that stands for it, or says why it does not apply', () => {
    assert.ok(rows.length > 200, `${rows.length} rows`)
    const bare = rows.filter(({ held }) => !/^`.*`$|^Does not apply: .+\.$/.test(held))
    assert.deepEqual(bare, [])
  })

  test('names only tests that there are', () => {
    const missing = rows.flatMap(({ id, held }) =>
      [...held.matchAll(/`([^`]+)`/g)]
        .map(([, reference = '']) => `${id}: ${reference}`)
        .filter((line) => !isThere(line.slice(id.length + 2))),
    )
    assert.deepEqual(missing, [])
  })
})

/** Whether a test or a suite of that file has these words in its title; `…` is what it fills in. */
function isThere(reference: string): boolean {
  const [path = '', ...rest] = reference.split(': ')
  const words = rest.join(': ')
  const file = ['.test.ts', '.ts'].map((end) => join(tests, path + end)).find(existsSync)
  if (!file || words.length < 8) return false
  const source = readFileSync(file, 'utf8')
  const titles = source.matchAll(/\b(?:test|suite)\(\s*(['"`])(.*?)\1,/g)
  return [...titles].some(([, , title = '']) =>
    title
      .replaceAll('\\', '')
      .replaceAll(/\$\{[^}]*\}/g, '…')
      .includes(words),
  )
}
