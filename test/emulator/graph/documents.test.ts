import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { GRAPH_PATHS } from '../../../src/emulator/graph/routes.ts'

test('docs/emulator.md lists every path of Microsoft Graph with its methods', () => {
  const text = readFileSync(new URL('../../../docs/emulator.md', import.meta.url), 'utf8')
  const rows = text.matchAll(/^\| `(\/(?:v1\.0|oidc)\/[^`]*)` \| ([A-Z, ]+) \|\r?$/gm)
  assert.deepEqual(
    [...rows].map(([, path, methods]) => [path, methods]),
    GRAPH_PATHS,
  )
})
