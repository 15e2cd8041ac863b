import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { after, before, suite, test } from 'node:test'
import { resolveHost } from '../../../src/core/clients/resolve-host.ts'

const A = 1
const AAAA = 28
const NO_NAME = 3
const FAILURE = 2

/** What the server has of each name: addresses in bytes, by type; or how it fails. */
const ZONE: ReadonlyMap<string, ReadonlyMap<number, readonly number[][]> | number> = new Map<
  string,
  ReadonlyMap<number, readonly number[][]> | number
>([
  [
    'both.example.com',
    new Map([
      [
        A,
        [
          [192, 0, 2, 1],
          [10, 0, 0, 1],
        ],
      ],
      [AAAA, [[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]]],
    ]),
  ],
  ['four.example.com', new Map([[A, [[192, 0, 2, 1]]]])],
  ['empty.example.com', new Map()],
  ['broken.example.com', FAILURE],
])

const dns = createSocket('udp4')
let servers: string[]
before(async () => {
  dns.on('message', (query, { port, address }) => dns.send(answerTo(query), port, address))
  dns.bind(0, '127.0.0.1')
  await once(dns, 'listening')
  servers = [`127.0.0.1:${dns.address().port}`]
})
after(() => dns.close())

/** RFC 1035 §4.1: the question again, and behind it the addresses, each by a pointer to its name. */
function answerTo(query: Buffer): Buffer {
  const labels: string[] = []
  let at = 12
  while (query[at]) {
    const length = query[at] as number
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += length + 1
  }
  const type = query.readUInt16BE(at + 1)
  const held = ZONE.get(labels.join('.').toLowerCase()) ?? NO_NAME
  const found = typeof held === 'number' ? [] : (held.get(type) ?? [])
  const records = found.map((bytes) =>
    Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, bytes.length, ...bytes]),
  )
  const code = typeof held === 'number' ? held : 0
  const head = Buffer.from([0, 0, 0x81, 0x80 | code, 0, 1, 0, records.length, 0, 0, 0, 0])
  query.copy(head, 0, 0, 2)
  return Buffer.concat([head, query.subarray(12, at + 5), ...records])
}

suite('the addresses of a host', () => {
  test('are all that DNS has, of both families', async () => {
    const addresses = await resolveHost('both.example.com', servers)
    assert.deepEqual(new Set(addresses), new Set(['192.0.2.1', '10.0.0.1', '2001:db8::1']))
  })

  test('may be of one family alone', async () => {
    assert.deepEqual(await resolveHost('four.example.com', servers), ['192.0.2.1'])
  })

  test('are none where the name, or an address of it, does not exist', async () => {
    assert.deepEqual(await resolveHost('nobody.example.com', servers), [])
    assert.deepEqual(await resolveHost('empty.example.com', servers), [])
  })

  test('are not taken to be none where DNS fails', async () => {
    await assert.rejects(resolveHost('broken.example.com', servers), { code: 'ESERVFAIL' })
  })
})
