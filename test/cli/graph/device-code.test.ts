import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { findAuthority } from '../../../src/cli/graph/authority.ts'
import { signInWithDeviceCode } from '../../../src/cli/graph/device-code.ts'
import { startEmulator } from '../../../src/emulator/emulator.ts'
import { enterCode } from './device.ts'

let now = Date.now()
const emulator = await startEmulator({ port: 0, now: () => now })
after(() => emulator.close())
const { signal } = new AbortController()
const authority = await findAuthority(emulator.origin, emulator.tenantId, signal)

type Shown = { uri: string; code: string; minutes: number }

/** Signs in; what happens at each wait is given. */
function signIn(...steps: readonly ((code: string) => Promise<void> | void)[]) {
  const shown: Shown[] = []
  const waits: number[] = []
  const left = [...steps]
  const clientId = '04b07795-8ddb-461a-bbee-02f9e1bf7b46'
  const token = signInWithDeviceCode({
    ...{ authority, clientId, signal },
    show: (uri, code, minutes) => void shown.push({ uri, code, minutes }),
    wait: async (time) => {
      waits.push(time)
      now += time
      await left.shift()?.(shown[0]?.code ?? '')
    },
  })
  return { token, shown, waits }
}

test('a person signs in elsewhere, and the token is for Microsoft Graph', async () => {
  const { token, shown, waits } = signIn(
    () => {},
    (code) => enterCode(emulator, code),
  )
  const claims = JSON.parse(Buffer.from((await token).split('.')[1] ?? '', 'base64url').toString())
  assert.match(
    String(claims.aud),
    /graph\.microsoft\.com|00000003-0000-0000-c000-000000000000|localhost/,
  )
  assert.match(claims.scp, /Application\.ReadWrite\.All/)
  assert.equal(claims.tid, emulator.tenantId)
  const [{ uri, code, minutes }] = shown as [Shown]
  assert.equal(uri, `${emulator.origin}/devicelogin`)
  assert.match(code, /^[A-Z0-9]{9}$/)
  assert.equal(minutes, 15)
  assert.deepEqual(waits, [5000, 5000])
})

test('who says no has declined', async () => {
  const { token } = signIn((code) => enterCode(emulator, code, { decision: 'cancel' }))
  await assert.rejects(token, /declined/)
})

test('a code that nobody enters expires, with what to do', async () => {
  const { token, waits } = signIn()
  await assert.rejects(token, (error: Error & { cure?: string }) => {
    assert.match(error.message, /before the code expired/)
    assert.match(error.cure ?? '', /new code/)
    return true
  })
  assert.ok(waits.length <= 181, String(waits.length))
})

test('a client that may not sign in so is told what Entra says', async () => {
  const { clientId } = emulator.application
  const show = () => {}
  await assert.rejects(
    signInWithDeviceCode({ authority, clientId, signal, show, wait: async () => {} }),
    /AADSTS/,
  )
})

test('odd numbers and texts of the sign-in service do not make it wait for ever, or in no time', async () => {
  const answers = [
    {
      ...{ device_code: 'x', user_code: 5, verification_uri: 'https://a.example/\u001b[2J' },
      ...{ expires_in: 'soon', interval: 1e12 },
    },
    { error: 'authorization_pending' },
    null,
    { error: 'access_denied' },
  ]
  const server = createServer((_, response) => void response.end(JSON.stringify(answers.shift())))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  after(() => server.close())
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const waits: number[] = []
  const shown: unknown[] = []
  const token = signInWithDeviceCode({
    authority: { ...authority, deviceAuthorizationEndpoint: origin, tokenEndpoint: origin },
    ...{ clientId: 'x', signal, show: (...words) => void shown.push(...words) },
    wait: async (time) => void waits.push(time),
  })
  await assert.rejects(token, /The sign-in failed: no reason given/)
  assert.deepEqual(shown, ['https://a.example/', '5', 15])
  assert.deepEqual(waits, [60_000, 60_000])
})
