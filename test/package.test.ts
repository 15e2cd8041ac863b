import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { type TestContext, test } from 'node:test'

const root = dirname(import.meta.dirname)
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages

/** What comes with these packages, by the lock; a nested copy counts as one more. */
function installed(names: readonly string[], seen = new Set<string>()): Set<string> {
  for (const name of names) {
    const at = `node_modules/${name}`
    assert.ok(lock[at], `${name} is in the lock`)
    if (seen.has(at)) continue
    seen.add(at)
    installed(Object.keys(lock[at].dependencies ?? {}), seen)
  }
  return seen
}

function bytesOf(folder: string): number {
  const files = globSync('**/*', { cwd: folder }).map((name) => statSync(join(folder, name)))
  return files.reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0)
}

/** What npm would write of the package itself. */
function packedSize(): number {
  const options = { cwd: root, encoding: 'utf8', shell: process.platform === 'win32' } as const
  const npm = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], options)
  return JSON.parse(npm.stdout)[0].unpackedSize
}

/** A project that has the package as it is packed, and of other packages those at `places` alone. */
function projectWith(t: TestContext, places: readonly string[]): string {
  const project = mkdtempSync(join(tmpdir(), 'entrance-project-'))
  t.after(() => rmSync(project, { recursive: true, force: true }))
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }')
  const own = join(project, 'node_modules', 'entrance')
  for (const name of ['package.json', 'dist']) {
    cpSync(join(root, name), join(own, name), { recursive: true })
  }
  for (const place of places) {
    mkdirSync(dirname(join(project, place)), { recursive: true })
    symlinkSync(join(root, place), join(project, place), 'junction')
  }
  return project
}

// By the lock: what npm really brings is counted by `npm run bench -- --only install`.
test('beside the server of the MCP SDK, an install brings at most 5 MB in 12 packages, none with an install script', () => {
  const names = Object.keys(manifest.dependencies)
  const sdk = installed(['@modelcontextprotocol/server'])
  const added = [...installed(names)].filter((at) => !sdk.has(at))
  const bytes = added.reduce((sum, at) => sum + bytesOf(join(root, at)), packedSize())
  assert.ok(bytes <= 5_000_000, `${bytes} bytes`)
  assert.ok(added.length + 1 <= 12, added.join(' '))
  assert.deepEqual(
    added.filter((at) => lock[at].hasInstallScript),
    [],
  )
})

test('a dependency is met by any copy that its own rules call compatible, so that there need not be two', () => {
  for (const [name, range] of Object.entries<string>(manifest.dependencies)) {
    assert.equal(range, `^${lock[`node_modules/${name}`].version}`, name)
  }
})

// npm refuses an install where a peer, though optional, is there in another version than is asked for.
test('a project that has another version of what is optional, for a purpose of its own, can have the package', () => {
  const often = ['redis', 'ai', '@ai-sdk/openai-compatible', '@opentelemetry/api']
  for (const name of [...often, '@opentelemetry/sdk-node']) {
    assert.equal(manifest.peerDependencies[name], '*', name)
  }
  for (const name of Object.keys(manifest.peerDependencies)) {
    assert.ok(manifest.peerDependenciesMeta[name].optional, name)
  }
})

// Without one, npm brings the newest, which may be one that the package does not go with.
test('whoever is told to install an optional package is told a version that the package goes with', () => {
  const told = globSync(['src/**/*.ts', 'docs/*.md', 'README.md'], { cwd: root }).flatMap((file) =>
    [...readFileSync(join(root, file), 'utf8').matchAll(/npm install ((?:@?[\w./-]+@?\S* ?)+)/g)]
      .flatMap(([, names = '']) => names.split(/[\s'"`]+/))
      .map((wanted) => ({ file, wanted, name: wanted.replace(/(?<=.)@.*/, '') })),
  )
  for (const name of Object.keys(manifest.peerDependencies)) {
    const [major, minor] = manifest.devDependencies[name].split('.')
    const good = `${name}@${major === '0' ? `0.${minor}` : major}`
    const ofIt = told.filter((one) => one.name === name)
    assert.ok(ofIt.length > 1, `${name} is named by a message and a page`)
    for (const { file, wanted } of ofIt) assert.equal(wanted, good, file)
  }
})

test('the licences of all that the command is bundled with are in the package', () => {
  const licences = readFileSync(join(root, 'dist', 'cli', 'licences.txt'), 'utf8')
  for (const name of [
    'commander',
    '@logtape/logtape',
    'smol-toml',
    'jsonc-parser',
    'jose',
    'zod',
  ]) {
    assert.ok(licences.includes(`${name} ${lock[`node_modules/${name}`].version}`), name)
  }
})

test('so are those of what a package had been bundled with itself', () => {
  const licences = readFileSync(join(root, 'dist', 'cli', 'licences.txt'), 'utf8')
  const sections = licences.split(/^(?=\S+ \d+\.\d.*:$)/m)
  // The MCP SDK's validator, for one: its terms ask for the names of all who wrote it.
  for (const [name, holder] of [
    ['ajv', 'Evgeny Poberezkin'],
    ['ajv-formats', 'Evgeny Poberezkin'],
    ['fast-deep-equal', 'Evgeny Poberezkin'],
    ['fast-uri', 'Gary Court'],
    ['json-schema-traverse', 'Evgeny Poberezkin'],
    ['content-type', 'Douglas Christopher Wilson'],
  ] as const) {
    const section = sections.find((text) => new RegExp(`^(.*, )?${name} \\d`).test(text)) ?? ''
    assert.match(section, new RegExp(`copyright.*${holder}`, 'i'), name)
  }
})

test('no file of the package tells where it was built', () => {
  const places = [root, JSON.stringify(root).slice(1, -1)]
  for (const file of globSync('dist/**/*.{js,ts,html,txt}', { cwd: root })) {
    const text = readFileSync(join(root, file), 'utf8')
    assert.ok(!places.some((place) => text.includes(place)), file)
    assert.doesNotMatch(text, /sourceMappingURL/, file)
  }
})

test('no line of the bundled command is so long that a stack would name no place in it', () => {
  const lines = globSync('dist/cli/*.js', { cwd: root }).flatMap((file) =>
    readFileSync(join(root, file), 'utf8').split('\n'),
  )
  assert.ok(lines.length > 10_000)
  assert.ok(Math.max(...lines.map((line) => line.length)) < 3000)
})

test('each entry point can be imported, and required from CommonJS, with nothing of ours beside it', (t) => {
  const project = projectWith(t, [...installed(Object.keys(manifest.dependencies))])
  const names = Object.keys(manifest.exports).map((name) => `entrance${name.slice(1)}`)
  // It is about the package that it needs, and says so.
  const whole = names.filter((name) => name !== 'entrance/adapters/opentelemetry')
  assert.equal(names.length, whole.length + 1)
  writeFileSync(join(project, 'own.cjs'), whole.map((name) => `require('${name}')`).join('\n'))
  const modules = whole.filter((name) => !name.endsWith('.json'))
  writeFileSync(join(project, 'own.mjs'), modules.map((name) => `import '${name}'`).join('\n'))
  writeFileSync(join(project, 'traces.mjs'), "import 'entrance/adapters/opentelemetry'")
  const start = (file: string) =>
    spawnSync(process.execPath, [file], { cwd: project, encoding: 'utf8' }).stderr
  assert.equal(start('own.mjs'), '')
  assert.equal(start('own.cjs'), '')
  assert.match(start('traces.mjs'), /Cannot find package '@opentelemetry\/api'/)
})

test('a strict project can read the types of each entry point, whatever way it resolves modules', (t) => {
  const project = projectWith(t, [
    ...installed(Object.keys(manifest.dependencies)),
    ...['@types/node', 'undici-types', '@azure/cosmos', '@opentelemetry/api'].map(
      (name) => `node_modules/${name}`,
    ),
  ])
  const entries = Object.keys(manifest.exports).filter((name) => !name.endsWith('.json'))
  const lines = entries.map((name, at) => `export * as e${at} from 'entrance${name.slice(1)}'`)
  writeFileSync(join(project, 'all.ts'), lines.join('\n'))
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  for (const way of [
    ['--module', 'nodenext'],
    ['--module', 'esnext', '--moduleResolution', 'bundler'],
  ]) {
    const args = [...way, '--strict', '--skipLibCheck', 'false', '--target', 'es2022']
    const { stdout, status } = spawnSync(
      process.execPath,
      [tsc, '--noEmit', ...args, '--types', 'node', 'all.ts'],
      { cwd: project, encoding: 'utf8' },
    )
    assert.equal(status, 0, `${way.join(' ')}: ${stdout}`)
  }
})

test('each type that an entry point leads to is in the package', () => {
  const waiting = Object.values<string>(manifest.exports)
    .filter((path) => path.endsWith('.js'))
    .map((path) => join(root, path.replace(/\.js$/, '.d.ts')))
  assert.ok(waiting.length > 5)
  const seen = new Set<string>()
  for (const file of waiting) {
    assert.ok(existsSync(file), file)
    if (seen.has(file)) continue
    seen.add(file)
    for (const [, path = ''] of readFileSync(file, 'utf8').matchAll(
      /(?:from|import\() ?['"](\.[^'"]+)['"]/g,
    ))
      waiting.push(resolve(file, '..', path.replace(/\.[jt]s$/, '.d.ts')))
  }
})
