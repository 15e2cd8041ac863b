import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clientNetworkOf } from '../../src/core/client-address.ts'

function networkOf(forwarded: string | undefined, hops: number, remoteAddress?: string) {
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }
  const request = new Request('https://expenses.example.com/register', { headers })
  return clientNetworkOf(request, { remoteAddress }, hops)
}

const PEER = '198.51.100.1'

test('the address is that of the socket, as long as no proxy is trusted', () => {
  assert.equal(networkOf(undefined, 0, PEER), PEER)
  for (const forged of ['203.0.113.7', '203.0.113.7, 203.0.113.8', '::1', 'unknown', '']) {
    assert.equal(networkOf(forged, 0, PEER), PEER)
  }
})

test('behind n proxies it is the n-th from the right: what stands left of it can be made up', () => {
  const list = '192.0.2.66, 203.0.113.7,198.51.100.9 , 198.51.100.8'
  assert.equal(networkOf(list, 1, PEER), '198.51.100.8')
  assert.equal(networkOf(list, 2, PEER), '198.51.100.9')
  assert.equal(networkOf(list, 3, PEER), '203.0.113.7')
  const request = new Request('https://expenses.example.com/')
  for (const line of ['192.0.2.66', '203.0.113.7', '198.51.100.8']) {
    request.headers.append('X-Forwarded-For', line)
  }
  assert.equal(clientNetworkOf(request, { remoteAddress: PEER }, 2), '203.0.113.7')
})

test('what is no address, or not there, is the socket’s, and nothing throws', () => {
  const garbage = [
    ...['', ',', ', ,', 'unknown', '_hidden', 'localhost', '1.2.3', '1.2.3.4.5', '999.1.1.1'],
    ...['[', '[]', '[::', '::1]', '[::1', '%', '%eth0', ':::', '1::2::3', 'for=203.0.113.7', '-1'],
    ...[
      '203.0.113.7/24',
      '203.0.113.7 203.0.113.8',
      '\u00ff',
      'a'.repeat(16_000),
      ','.repeat(9000),
    ],
    ...['0x7f.1', '2130706433', '127.1', '::ffff:999.1.1.1', '203.0.113.7, x'],
  ]
  for (const text of garbage) assert.equal(networkOf(text, 1, PEER), PEER, text.slice(0, 60))
  assert.equal(networkOf('203.0.113.7', 2, PEER), PEER, 'fewer entries than proxies')
  assert.equal(networkOf('x', 1), undefined)
  assert.equal(networkOf(undefined, 1), undefined)
  const request = new Request('https://expenses.example.com/')
  assert.equal(clientNetworkOf(request, undefined, 0), undefined)
})

test('a port behind the address, as some proxies write it, is left out', () => {
  assert.equal(networkOf('203.0.113.7:49152', 1), '203.0.113.7')
  assert.equal(networkOf('[2001:db8:1:2::3]:49152', 1), '2001:db8:1:2::/64')
  assert.equal(networkOf('[2001:db8:1:2::3]', 1), '2001:db8:1:2::/64')
})

test('an IPv6 address counts as its /64, however it is written', () => {
  for (const [address, network] of [
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::', '2001:db8:1:2::/64'],
    ['2001:0db8:0001:0002:ffff::1', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['::FFFF:cb00:7107', '203.0.113.7'],
    ['2001:db8:1:3::1', '2001:db8:1:3::/64'],
  ] as const) {
    assert.equal(networkOf(undefined, 0, address), network, address)
    assert.equal(networkOf(address, 1, PEER), network, address)
  }
})
