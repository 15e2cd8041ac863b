import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { test } from 'node:test'

const root = dirname(import.meta.dirname)
const src = join(root, 'src')
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/**
 * Imports point one way: a file imports from its own unit and from the rows above it. A unit is a
 * folder or a file; siblings of one row do not know each other. The first unit that fits counts.
 */
const ROWS: readonly (readonly string[])[] = [
  [
    ...['http/', 'log.ts', 'files/', 'aadsts/', 'connect/', 'stores/store.ts'],
    'core/clients/public-host.ts',
  ],
  [
    'core/errors.ts',
    'core/site.ts',
    'core/protected-resource/auth-info.ts',
    'core/audit-event.ts',
    'core/store-answers.ts',
  ],
  [
    'core/clouds.ts',
    'core/params.ts',
    'core/pkce.ts',
    'core/scope.ts',
    'core/guarded-store.ts',
    'core/observer.ts',
    'core/keys/',
    'core/in-rounds.ts',
  ],
  ['core/options.ts', 'core/client-address.ts', 'core/fetch-metadata.ts'],
  [
    'core/clients/redirect-uri.ts',
    'core/clients/presets.ts',
    'core/clients/key-set.ts',
    'core/check-entra.ts',
  ],
  ['core/allow.ts', 'core/check-options.ts', 'core/check-registration.ts', 'core/check-shapes.ts'],
  ['core/check-clients.ts', 'core/guarded-log.ts'],
  ['core/resolve-options.ts'],
  [
    'core/resource.ts',
    'core/store-keys.ts',
    'core/unfinished-import.ts',
    'core/record-purposes.ts',
    'core/spent-transactions.ts',
    'core/audit.ts',
  ],
  ['core/rate-limit.ts', 'core/session.ts', 'core/key-watch.ts'],
  ['core/clients/', 'core/tokens/', 'core/entra/'],
  ['core/pages/', 'core/exchange-cookie.ts', 'core/admission.ts'],
  [
    'core/transaction.ts',
    'core/error-response.ts',
    'core/client-redirect.ts',
    'core/barred.ts',
    'core/seen.ts',
  ],
  ['core/grants/', 'core/protected-resource/'],
  ['core/consents.ts', 'core/claims-challenges.ts', 'core/observed.ts'],
  ['core/context.ts', 'core/applications.ts', 'core/reseal.ts', 'core/moved-records.ts'],
  ['core/sign-in/', 'core/operator/', 'core/create-context.ts'],
  // Endpoints never import one another: each file is a unit of its own.
  ['core/endpoints/*'],
  ['core/router.ts'],
  ['core/entrance.ts'],
  ['index.ts'],
]

/** Units beside the rows, and all they may see besides themselves. */
const BESIDE: ReadonlyMap<string, readonly string[]> = new Map([
  ['adapters/', ['index.ts', 'http/']],
  ['stores/cosmos', ['index.ts', 'stores/store.ts']],
  ['stores/postgres', ['index.ts', 'stores/store.ts']],
  ['stores/redis', ['index.ts', 'stores/store.ts']],
  ['operator/', ['index.ts', 'http/', 'log.ts']],
  ['stores/*', ['index.ts', 'http/', 'files/', 'stores/store.ts']],
  // It plays the other side: protocol code in common would let one mistake pass on both.
  ['emulator/', ['http/html.ts', 'adapters/', 'files/', 'log.ts']],
  // It runs in a browser, bundled to one page: it shares nothing with a server but how money is written.
  ['expenses/app/', ['expenses/money.ts']],
  // It uses us as a stranger would, by what `package.json` exports.
  ['expenses/', ['index.ts', 'adapters/', 'files/', 'stores/', 'log.ts']],
  [
    'cli/',
    [
      ...['index.ts', 'adapters/', 'stores/', 'emulator/', 'expenses/', 'gateway/', 'http/'],
      'operator/',
      // Words and keys, without the server that `index.ts` brings: a command starts quickly.
      ...['log.ts', 'files/', 'aadsts/', 'core/errors.ts', 'core/site.ts', 'core/keys/keyring.ts'],
      'connect/',
      'core/clouds.ts',
      // `keys retire` takes a key out of the record.
      'core/store-keys.ts',
      // `store import` says when all is there.
      'core/unfinished-import.ts',
      // `doctor` presents what a sign-in presents.
      'core/entra/credentials/',
    ],
  ],
])

/** Who may import which package. Node's own modules are open to all. */
const PACKAGES: ReadonlyMap<string, readonly string[]> = new Map([
  ['jose', ['core/', 'emulator/']],
  ['oauth4webapi', ['core/']],
  ['@modelcontextprotocol/ext-apps', ['expenses/app/']],
  ['@modelcontextprotocol/', ['expenses/', 'cli/client', 'cli/commands/', 'cli/chat/']],
  ['zod', ['expenses/', 'cli/', 'emulator/configuration/']],
  ['commander', ['cli/']],
  ['jsonc-parser', ['cli/connect/']],
  ['smol-toml', ['cli/connect/']],
  ['@logtape/', ['cli/']],
  ['express', ['adapters/express.ts']],
  ['hono', ['adapters/hono.ts']],
  ['@opentelemetry/api', ['adapters/opentelemetry.ts', 'cli/telemetry.ts']],
  ['@opentelemetry/sdk-node', ['cli/telemetry.ts']],
  ['@azure/cosmos', ['stores/cosmos']],
  ['pg', ['stores/postgres']],
  ['redis', ['stores/redis']],
  ['@ai-sdk/openai-compatible', ['cli/chat/']],
  ['ai', ['cli/chat/']],
])

/** What runs in a browser: bundled, not compiled file by file. */
const BROWSER = 'expenses/app/'
const PAGE = 'dist/expenses/app/spending.html'
const COMMAND = 'dist/cli/main.js'
/** Of what the command is bundled with. */
const LICENCES = 'dist/cli/licences.txt'
const SHARED = new Set(['@modelcontextprotocol/ext-apps', 'expenses/money.ts'])

const files = globSync('**/*.ts', { cwd: src }).map((path) => path.replaceAll('\\', '/'))
const sources = new Map(files.map((path) => [path, readFileSync(join(src, path), 'utf8')]))

test('every source file has a place in the rows', () => {
  assert.ok(files.length > 0)
  assert.deepEqual(
    files.filter((path) => !unitOf(path)),
    [],
  )
})

test('imports point one way', () => {
  const isLocal = (name: string) => name.startsWith('.')
  const wrong = imports(isLocal).filter(({ from, name }) => {
    const target = normalize(join(dirname(from), name)).replaceAll('\\', '/')
    return !mayImport(from, target)
  })
  assert.deepEqual(wrong.map(toLine), [])
})

test('a package is imported only where it belongs', () => {
  const isPackage = (name: string) => !name.startsWith('.') && !name.startsWith('node:')
  const wrong = imports(isPackage).filter(({ from, name }) => {
    const places = [...PACKAGES].find(([prefix]) => name.startsWith(prefix))?.[1] ?? []
    return !places.some((place) => from.startsWith(place))
  })
  assert.deepEqual(wrong.map(toLine), [])
})

test('the page of the conversation and the server import nothing of each other but the digits of money', () => {
  const crossing = imports(() => true).filter(({ from, name }) => {
    const target = name.startsWith('.') ? normalize(join(dirname(from), name)) : name
    const isPage = (path: string) => path.replaceAll('\\', '/').startsWith(BROWSER)
    const isShared = [name, target].some((one) => SHARED.has(one.replaceAll('\\', '/')))
    return isPage(from) ? !isPage(target) && !isShared : isPage(target)
  })
  assert.deepEqual(crossing.map(toLine), [])
})

test('only src/cli/env.ts reads the environment', () => {
  const reads = /\bprocess\??[.[]'?env\b|\{[^}]*\benv\b[^}]*\} (= process$|from 'node:process')/m
  const readers = [...sources].filter(([, text]) => reads.test(text)).map(([path]) => path)
  assert.deepEqual(readers, ['cli/env.ts'])
})

test('the command line says what there is without loading the server', () => {
  const loaded = new Set(['cli/main.ts', 'cli/run.ts'])
  // A set goes on to what is added on the way.
  for (const path of loaded) {
    const text = sources.get(path) ?? ''
    for (const [, name = ''] of text.matchAll(/^(?:import|export)\s(?!type\s)[^']*'(\.[^']+)'/gm)) {
      loaded.add(normalize(join(dirname(path), name)).replaceAll('\\', '/'))
    }
  }
  assert.ok(loaded.has('cli/program.ts'))
  assert.deepEqual(
    [...loaded].filter((path) => /^(index|core\/entrance|expenses\/server)\.ts$/.test(path)),
    [],
  )
})

test('no source file is longer than 300 lines', () => {
  const lengths = [...sources].map(([path, text]) => ({ path, lines: text.split('\n').length - 1 }))
  assert.deepEqual(
    lengths.filter(({ lines }) => lines > 300),
    [],
  )
})

test('what package.json exports and runs has a source', () => {
  const targets: string[] = [...Object.values<string>(manifest.exports), manifest.bin.entrance]
  const built = targets.filter((target) => target !== './package.json')
  const toSource = (target: string) => target.replace('./dist/', 'src/').replace(/\.js$/, '.ts')
  assert.deepEqual(
    built.filter((target) => !existsSync(join(root, toSource(target)))),
    [],
  )
})

test('the packed package holds what was built and no test, source or secret', () => {
  const options = { cwd: root, encoding: 'utf8', shell: process.platform === 'win32' } as const
  const npm = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], options)
  const packed: string[] = JSON.parse(npm.stdout)[0].files.map(
    (file: { path: string }) => file.path,
  )
  const expected = /^(dist\/.+\.(js|d\.ts)|package\.json|(README|CHANGELOG|SECURITY)\.md|LICENSE)$/
  assert.deepEqual(
    packed.filter((path) => !expected.test(path)),
    [LICENCES, PAGE],
  )
  // The command is bundled: of what is only its own, the first file keeps its name.
  const built = files
    .filter((path) => !path.startsWith(BROWSER) && !path.startsWith('cli/'))
    .map((path) => `dist/${path.replace(/\.ts$/, '.js')}`)
  const missing = [...built, COMMAND, PAGE].filter((path) => !packed.includes(path))
  assert.deepEqual(missing, [], 'not in dist: `npm run build`')
})

type Import = { from: string; name: string }

const toLine = ({ from, name }: Import) => `${from} imports ${name}`

/** Every import and re-export, static or dynamic, of a module whose name is asked for. */
function imports(isAsked: (name: string) => boolean): Import[] {
  const pattern = /^(?:import|export)\s(?:[\w\s{},*$]+\sfrom\s)?'([^']+)'|\bimport\('([^']+)'\)/gm
  return [...sources].flatMap(([from, text]) =>
    [...text.matchAll(pattern)]
      .map((match) => ({ from, name: (match[1] ?? match[2]) as string }))
      .filter(({ name }) => isAsked(name)),
  )
}

function mayImport(from: string, target: string): boolean {
  const unit = unitOf(from)
  if (!unit) return false
  if (!unit.endsWith('*') && isIn(target, unit)) return true
  const above = ROWS.slice(
    0,
    ROWS.findIndex((units) => units.includes(unit)),
  ).flat()
  const seen = BESIDE.get(unit) ?? above
  return seen.some((other) => isIn(target, other))
}

function unitOf(path: string): string | undefined {
  return [...ROWS.flat(), ...BESIDE.keys()].find((unit) => isIn(path, unit))
}

function isIn(path: string, unit: string): boolean {
  return unit.endsWith('.ts') ? path === unit : path.startsWith(unit.replace(/\*$/, ''))
}
