import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { parseDescription } from '../../src/aadsts/parse.ts'
import { cleanName } from '../../src/core/clients/client-metadata.ts'
import { parseParams } from '../../src/core/params.ts'
import { checkResource } from '../../src/core/resource.ts'
import { resolveScope } from '../../src/core/scope.ts'

const src = join(import.meta.dirname, '..', '..', 'src')

/** A literal of a regular expression, where one can stand in this code. */
const LITERAL =
  /(?<=[=(,:!&|?[]\s*|return )\/(?![*/\s])((?:\\.|\[(?:\\.|[^\]\\])*\]|[^/\\\n[])+)\/([dgimsuvy]*)(?=[\s).,;:\]])/g

type Found = { path: string; pattern: RegExp }

/** What strangers send goes through these. */
const FOLDERS = ['core', 'http', 'adapters', 'stores']
const patterns = FOLDERS.flatMap((folder) => globSync(`${folder}/**/*.ts`, { cwd: src })).flatMap(
  (path): Found[] =>
    [...readFileSync(join(src, path), 'utf8').matchAll(LITERAL)].map(([, source, flags]) => ({
      path,
      pattern: new RegExp(source ?? '', flags),
    })),
)

/** As long as the longest text that is read (16 kB). */
const LENGTH = 16 * 1024

/** What is repeated; a head and a tail make a match begin, and fail at the very end. */
const PUMPS = [
  ...[' ', '/', '\\', '.', '%', '=', '-', '_', '~', ':', '@', '?', '#', '&', '[', ']', '"', "'"],
  ...['a', 'A', '0', '9', 'f', '\t', '\n', '\u00a0', '\u00e9', '\u0301', '\u202e', '\ud83d\ude00'],
  ...['%2e', './', '/.', '//', '..', 'a.', 'a-', ' a', 'a:', '[]', '1.', 'AADSTS', 'Trace ID: '],
]
const HEADS = ['', 'http://', 'http://[', 'Bearer ', 'e1.', 'Trace ID: ']
const TAILS = ['', '!', '"']

suite('a text made to hold a regular expression up (ReDoS)', () => {
  test('finds none in src that takes more than linear time', () => {
    assert.ok(patterns.length > 30, `${patterns.length} patterns`)
    for (const { path, pattern } of patterns) {
      for (const pump of PUMPS) {
        const body = pump.repeat(LENGTH / pump.length)
        // Long enough to tell a square from a line, and no longer than that.
        const texts = HEADS.flatMap((head) => TAILS.map((tail) => `${head}${body}${tail}`))
        const isSlow = texts.some((text) => timeOf(() => text.replace(pattern, '')) > 60)
        assert.ok(!isSlow, `${path}: ${pattern} with ${JSON.stringify(pump)} repeated`)
      }
    }
  })
})

suite('16 kB of anything takes no time', () => {
  const entra = { identifierUri: 'api://x', clientId: 'x' }
  const config = { scope: 'mcp-access', additionalScopes: new Set(['admin']), entra }
  const ours = { sites: new Map(), site: { resource: 'x' } } as never
  const READERS: readonly (readonly [string, (text: string) => unknown])[] = [
    ['as a resource', (text) => checkResource([text], ours)],
    ['as a resource behind a host', (text) => checkResource([`http://a${text}b`], ours)],
    ['as a scope', (text) => resolveScope(text, config)],
    ['as a query', (text) => parseParams(text)],
    ["as a client's name", (text) => cleanName(text)],
    ["as Entra's description", (text) => parseDescription(text)],
  ]
  for (const [name, read] of READERS) {
    test(name, () => {
      for (const pump of [...PUMPS, '\u0315\u0316', '\u1e0b\u0323', 'xn--a.', '\u00fc']) {
        for (const tail of TAILS) {
          const text = `${pump.repeat(LENGTH / pump.length)}${tail}`
          const time = timeOf(() => {
            try {
              read(text)
            } catch {
              // Refused is as good; only the time counts here.
            }
          })
          assert.ok(time < 60, `${JSON.stringify(pump)} repeated takes ${Math.round(time)} ms`)
        }
      }
    })
  }
})

/** Milliseconds of this thread's own work, best of three: the machine has other things to do. */
function timeOf(run: () => unknown): number {
  let best = Number.POSITIVE_INFINITY
  for (let attempt = 0; attempt < 3 && best > 30; attempt++) {
    const started = process.threadCpuUsage()
    run()
    best = Math.min(best, process.threadCpuUsage(started).user / 1000)
  }
  return best
}
