import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get } from 'node:https'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { generate } from 'selfsigned'
import { startEmulator } from '../../src/emulator/emulator.ts'

test('it takes a free port, and its origin follows', async (t) => {
  const emulator = await startEmulator({ port: 0 })
  t.after(() => emulator.close())
  assert.equal(emulator.origin, `http://localhost:${emulator.port}`)
  for (const host of ['127.0.0.1', 'localhost']) {
    const url = `http://${host}:${emulator.port}/common/v2.0/.well-known/openid-configuration`
    const document = (await (await fetch(url)).json()) as { token_endpoint: string }
    assert.ok(document.token_endpoint.startsWith(`${emulator.origin}/common/`))
  }
})

test('an origin that is given stands, whatever the port', async (t) => {
  const emulator = await startEmulator({ port: 0, origin: 'https://login.example/' })
  t.after(() => emulator.close())
  assert.equal(emulator.origin, 'https://login.example')
})

test('a page whose own name was made to point here is answered nothing (DNS rebinding)', async (t) => {
  const emulator = await startEmulator({ port: 0, control: true, hostname: 'login.test' })
  t.after(() => emulator.close())
  const { tenantId, port } = emulator
  const paths = [
    '/',
    `/${tenantId}/v2.0/.well-known/openid-configuration`,
    `/${tenantId}/oauth2/v2.0/token`,
    '/devicelogin',
    '/v1.0/users',
    '/_emulator/directory',
    '/nothing',
  ]
  const ask = async (host: string, path: string) => {
    const response = await emulator.fetch(new Request(`http://${host}:${port}${path}`))
    return { status: response.status, text: await response.text() }
  }
  for (const host of ['evil.example', 'localhost.evil.example', '192.0.2.1', 'xlogin.test']) {
    for (const path of paths) {
      const { status, text } = await ask(host, path)
      assert.equal(status, 421, `${host}${path}`)
      assert.match(text, /is not called/)
    }
  }
  // An External ID tenant's issuer has a host below the emulator's.
  for (const host of ['localhost', '127.0.0.1', '[::1]', 'login.test', `${tenantId}.login.test`]) {
    assert.equal((await ask(host, paths[1] as string)).status, 200, host)
  }
})

test('who lets others reach it is reached by any name', async (t) => {
  const emulator = await startEmulator({ port: 0, host: '0.0.0.0' })
  t.after(() => emulator.close())
  const url = `http://emulator:${emulator.port}/common/v2.0/.well-known/openid-configuration`
  assert.equal((await emulator.fetch(new Request(url))).status, 200)
})

test('close ends at once, a connection that is still open included', async () => {
  const emulator = await startEmulator({ port: 0 })
  const socket = connect(emulator.port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await once(socket, 'data')
  const ended = once(socket, 'close')
  await emulator.close()
  await ended
  await assert.rejects(fetch(emulator.origin))
})

test('a port in use is an error at the start', async (t) => {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  await assert.rejects(startEmulator({ port }), { code: 'EADDRINUSE' })
})

test('a data file that cannot be used is an error at the start, and frees the port', async () => {
  const dataFile = join('/dev/null', 'emulator.json')
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  await assert.rejects(startEmulator({ port, dataFile }))
  const emulator = await startEmulator({ port })
  await emulator.close()
})

test('it speaks HTTPS with a certificate', async (t) => {
  const pems = await generate([{ name: 'commonName', value: 'localhost' }])
  const tls = { key: pems.private, cert: pems.cert }
  const emulator = await startEmulator({ port: 0, tls, hostname: 'login.example' })
  t.after(() => emulator.close())
  assert.equal(emulator.origin, `https://login.example:${emulator.port}`)
  const { port, tenantId } = emulator
  const path = `/${tenantId}/v2.0/.well-known/openid-configuration`
  const request = get({ host: '127.0.0.1', port, path, ca: pems.cert, servername: 'localhost' })
  const [response] = await once(request, 'response')
  response.resume()
  assert.equal(response.statusCode, 200)
})
