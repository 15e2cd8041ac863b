import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { createHash, X509Certificate } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { get } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { startEmulator } from '../../src/emulator/emulator.ts'
import { issueServerCertificate } from '../../src/emulator/local-authority.ts'
import { launchChromium, withoutChromium } from '../support/chromium.ts'

const run = promisify(execFile)
const isMissing = (program: string, arg: string) =>
  spawnSync(program, [arg]).status !== 0 && `${program} is not on this machine`

test('https listens with a certificate that Node trusts by its authority alone', async (t) => {
  const { emulator } = await start(t)
  assert.equal(emulator.origin, `https://localhost:${emulator.port}`)
  const script = `
    for (const host of ['localhost', '127.0.0.1', '[::1]']) {
      const url = 'https://' + host + ':${emulator.port}/common/v2.0/.well-known/openid-configuration'
      const response = await fetch(url).catch((error) => error.cause)
      console.log(response.status ?? response.code, (await response.json?.())?.issuer)
    }`
  const ask = async (env: NodeJS.ProcessEnv) => {
    const args = ['--input-type=module', '--eval', script]
    const { stdout } = await run(process.execPath, args, { env: { ...process.env, ...env } })
    return stdout.trim().split('\n')
  }
  const trusted = await ask({ NODE_EXTRA_CA_CERTS: emulator.caFile })
  assert.deepEqual(trusted, Array(3).fill(`200 ${emulator.origin}/{tenantid}/v2.0`))
  const untrusted = await ask({ NODE_EXTRA_CA_CERTS: undefined })
  assert.match(untrusted[0] ?? '', /^SELF_SIGNED_CERT_IN_CHAIN/)
})

test('curl trusts it by the same file', { skip: isMissing('curl', '--version') }, async (t) => {
  const { emulator } = await start(t)
  const url = `${emulator.origin}/common/discovery/v2.0/keys`
  const { stdout } = await run('curl', ['-sS', '--cacert', String(emulator.caFile), url])
  assert.equal(JSON.parse(stdout).keys.length, 3)
})

test('openssl verifies the certificate by the strict rules, and for no other name', {
  skip: isMissing('openssl', 'version'),
}, async (t) => {
  const folder = newFolder(t)
  const { cert } = issueServerCertificate(folder, ['login.example', '192.0.2.7', '2001:db8::7'])
  const leaf = join(folder, 'leaf.pem')
  writeFileSync(leaf, cert)
  const ca = ['-CAfile', join(folder, 'emulator-ca.pem')]
  const strict = ['verify', '-x509_strict', '-purpose', 'sslserver']
  for (const name of ['localhost', 'login.example']) {
    const { stdout } = await run('openssl', [...strict, '-verify_hostname', name, ...ca, leaf])
    assert.equal(stdout, `${leaf}: OK\n`)
  }
  for (const address of ['127.0.0.1', '::1', '192.0.2.7', '2001:db8::7']) {
    const { stdout } = await run('openssl', [...strict, '-verify_ip', address, ...ca, leaf])
    assert.equal(stdout, `${leaf}: OK\n`)
  }
  const other = ['-verify_hostname', 'login.microsoftonline.com', ...ca, leaf]
  await assert.rejects(run('openssl', [...strict, ...other]), /hostname mismatch/)
})

test('the authority vouches for no other host: what it signs for one is refused', {
  skip: isMissing('openssl', 'version'),
}, async (t) => {
  const folder = newFolder(t)
  issueServerCertificate(folder)
  const ca = join(folder, 'emulator-ca.pem')
  const kept = join(folder, 'emulator-ca.json')
  const authority = JSON.parse(readFileSync(kept, 'utf8'))
  // As a thief of the key would: another host's certificate, under the same authority.
  writeFileSync(kept, JSON.stringify({ ...authority, names: [...authority.names, 'bank.example'] }))
  const { cert, ca: sameCa } = issueServerCertificate(folder, ['bank.example'])
  assert.equal(sameCa, authority.cert)
  const leaf = join(folder, 'leaf.pem')
  writeFileSync(leaf, cert)
  await assert.rejects(run('openssl', ['verify', '-CAfile', ca, leaf]), /permitted subtree/)
})

test('Chromium takes the certificate where it trusts the authority’s key', {
  skip: withoutChromium,
}, async (t) => {
  const { emulator } = await start(t)
  const { publicKey } = new X509Certificate(String(emulator.caCertificate))
  const key = publicKey.export({ type: 'spki', format: 'der' })
  const hash = createHash('sha256').update(key).digest('base64')
  await using chromium = await launchChromium({
    args: [`--ignore-certificate-errors-spki-list=${hash}`],
  })
  const page = await chromium.context.newPage()
  await page.goto(emulator.origin)
  assert.equal(await page.locator('h1').textContent(), 'Directory')
})

test('the authority outlives the emulator, readable by its owner only', async (t) => {
  const folder = newFolder(t)
  const first = await start(t, folder)
  await first.emulator.close()
  const second = await start(t, folder)
  assert.equal(second.emulator.caCertificate, first.emulator.caCertificate)
  assert.equal(second.emulator.caFile, join(folder, 'emulator-ca.pem'))
  assert.equal(readFileSync(join(folder, 'emulator-ca.pem'), 'utf8'), first.emulator.caCertificate)
  for (const file of readdirSync(folder)) assert.equal(statSync(join(folder, file)).mode & 0o77, 0)
})

test('another host name gets a new authority in the same place', (t) => {
  const folder = newFolder(t)
  const first = issueServerCertificate(folder)
  const second = issueServerCertificate(folder, ['login.example'])
  assert.notEqual(second.ca, first.ca)
  assert.equal(second.caFile, first.caFile)
  assert.equal(issueServerCertificate(folder).ca, second.ca, 'which still vouches for the old ones')
  assert.match(String(new X509Certificate(second.cert).subjectAltName), /DNS:login\.example/)
})

test('a file in the authority’s place that is something else is refused and left alone', (t) => {
  const folder = newFolder(t)
  const file = join(folder, 'emulator-ca.json')
  const { key } = issueServerCertificate(undefined)
  const { ca } = issueServerCertificate(undefined)
  for (const text of ['{', 'null', '{}', JSON.stringify({ names: [], key, cert: ca })]) {
    writeFileSync(file, text)
    assert.throws(() => issueServerCertificate(folder), {
      message: `${file} is not the emulator's certificate authority. Delete it to start afresh.`,
    })
    assert.equal(readFileSync(file, 'utf8'), text)
  }
})

test('without a data file the authority is in memory only', async (t) => {
  const emulator = await startEmulator({ port: 0, https: true })
  t.after(() => emulator.close())
  assert.equal(emulator.caFile, undefined)
  const answered = Promise.withResolvers<number | undefined>()
  const url = `${emulator.origin}/common/discovery/v2.0/keys`
  get(url, { ca: emulator.caCertificate, agent: false }, (response) => {
    response.resume()
    answered.resolve(response.statusCode)
  }).on('error', answered.reject)
  assert.equal(await answered.promise, 200)
})

async function start(t: TestContext, folder = newFolder(t)) {
  const dataFile = join(folder, 'emulator.json')
  const emulator = await startEmulator({ port: 0, https: true, dataFile })
  t.after(() => emulator.close())
  return { emulator, folder }
}

function newFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'emulator-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
