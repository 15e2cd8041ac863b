import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { suite, test } from 'node:test'
import { resolveServeSettings } from '../src/cli/env.ts'

const root = dirname(import.meta.dirname)
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const manifest = JSON.parse(read('package.json'))
const dockerfile = read('examples/deploy/Dockerfile')
const compose = read('examples/deploy/compose.yaml')
const unit = read('examples/deploy/entrance.service')
const nginx = read('examples/deploy/nginx.conf')
const documented = read('docs/configuration.md')

suite('the files of examples/deploy', () => {
  test('name only variables that serve reads', () => {
    const ownNames = /\b(?:ENTRANCE|ENTRA_PROXY|AZURE|EXPENSES|LOG)_[A-Z_]+\b/g
    const names = [dockerfile, compose, unit, nginx].flatMap((text) => text.match(ownNames) ?? [])
    assert.ok(names.length > 10)
    const unknown = names.filter((name) => !documented.includes(`\`${name}\``))
    assert.deepEqual(unknown, [])
  })

  test('give the image settings that serve takes as they are', () => {
    const [, pairs = ''] = /^ENV (.*)$/m.exec(dockerfile) ?? []
    const given = Object.fromEntries(pairs.split(' ').map((pair) => pair.split('=')))
    const settings = resolveServeSettings(
      {},
      {
        ...given,
        ENTRANCE_URL: 'https://expenses.example.com',
        AZURE_TENANT_ID: '160007d1-3e33-4d24-b261-9a263d8f2ed0',
        ENTRA_PROXY_AZURE_CLIENT_ID: '70df70fd-6a99-466c-8558-eab9e5b2fd2a',
        ENTRA_PROXY_AZURE_CLIENT_SECRET: 'not-a-secret',
      },
    )
    assert.deepEqual(settings.problems, [])
    assert.deepEqual(
      [settings.port, settings.hosts, settings.data, settings.logFormat],
      [8000, ['0.0.0.0'], '/data', 'json'],
    )
    assert.match(dockerfile, /^EXPOSE 8000$/m)
    const { operator } = settings
    assert.ok(operator.isLoopback)
    assert.ok(dockerfile.includes(`fetch('http://127.0.0.1:${operator.port}/healthz')`))
    assert.ok(compose.includes(`fetch('http://127.0.0.1:${operator.port}/readyz')`))
  })

  test('run the command where it is built and installed', () => {
    const command = manifest.bin.entrance.replace('./', '')
    assert.ok(dockerfile.includes(`CMD ["node", "${command}", "serve"]`))
    assert.ok(unit.includes(`/node_modules/entrance/${command} serve`))
  })

  test('copy into the image only what there is and what may be sent to be built', () => {
    const sent = read('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1))
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(
      ([, names = '']) => names.split(' '),
    )
    assert.deepEqual(copied.toSorted(), sent.toSorted())
    assert.deepEqual(
      copied.filter((name) => !existsSync(join(root, name))),
      [],
    )
  })

  test('install in the image the drivers that the package knows, as optional', () => {
    const [, drivers = ''] = /for driver in ([\w ]+);/.exec(dockerfile) ?? []
    assert.deepEqual(drivers.split(' '), ['redis', 'pg'])
    for (const driver of drivers.split(' ')) {
      assert.equal(manifest.peerDependenciesMeta[driver].optional, true)
      assert.match(manifest.devDependencies[driver], /^\d+\.\d+\.\d+$/)
    }
  })

  test('wait longer for a stop than a server takes for it', () => {
    const { drain } = resolveServeSettings({ emulator: true }, {})
    const [, ofUnit] = /^TimeoutStopSec=(\d+)$/m.exec(unit) ?? []
    const [, ofCompose] = /stop_grace_period: (\d+)s/.exec(compose) ?? []
    for (const seconds of [ofUnit, ofCompose]) assert.ok(Number(seconds) >= drain + 5, seconds)
    // `docker stop` waits 10 seconds.
    assert.ok(drain + 1 < 10)
  })

  test('run the image as nobody of importance', () => {
    assert.match(dockerfile, /^USER node$/m)
    assert.ok(dockerfile.lastIndexOf('USER node') < dockerfile.lastIndexOf('CMD ['))
  })

  test('have nginx ask the replicas that compose runs, at the port of the image', () => {
    const asked = [...nginx.matchAll(/^ {4}server (\S+):8000 /gm)].map(([, name]) => name)
    const run = [...compose.matchAll(/^ {2}(replica-\d): \*replica$/gm)].map(([, name]) => name)
    assert.equal(asked.length, 3)
    assert.deepEqual(asked, run)
    assert.match(compose, /\.\/nginx\.conf:\/etc\/nginx\/conf\.d\//)
  })

  test('keep the expenses of all replicas in one place, which outlives them', () => {
    const [, path = ''] = /^ {4}EXPENSES_STORE: sqlite:(\S+)$/m.exec(compose) ?? []
    const [, volume, folder = 'none'] = /^ {2}volumes: \["(\w+):(\/\w+)"\]$/m.exec(compose) ?? []
    assert.ok(path.startsWith(`${folder}/`))
    assert.match(compose, new RegExp(`^volumes:\n(  \\w+:\n)*  ${volume}:$`, 'm'))
  })

  test('never have nginx repeat a POST, nor write down a query', () => {
    const code = nginx.replaceAll(/#.*/g, '')
    assert.doesNotMatch(code, /non_idempotent|\$request\b|\$request_uri|\$args|combined/)
    assert.match(code, /error_log \S+ crit;/)
  })
})
