import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { findHostFault, isPublicAddress } from '../../../src/core/clients/public-host.ts'

/** First and last address of each range that is not of the public internet. */
const NOT_PUBLIC: ReadonlyMap<string, readonly string[]> = new Map([
  ['this network', ['0.0.0.0', '0.255.255.255']],
  ['private, 10/8', ['10.0.0.0', '10.255.255.255']],
  ['private, 172.16/12', ['172.16.0.0', '172.31.255.255']],
  ['private, 192.168/16', ['192.168.0.0', '192.168.255.255']],
  ['shared by carriers', ['100.64.0.0', '100.100.100.200', '100.127.255.255']],
  ['loopback', ['127.0.0.0', '127.0.0.1', '127.0.0.2', '127.255.255.255']],
  ['link-local, the metadata service included', ['169.254.0.0', '169.254.169.254']],
  ["Azure's platform endpoint", ['168.63.129.16']],
  ['protocol assignments', ['192.0.0.0', '192.0.0.192', '192.0.0.255']],
  ['documentation', ['192.0.2.1', '198.51.100.1', '203.0.113.255']],
  ['6to4 relays', ['192.88.99.1']],
  ['benchmarks', ['198.18.0.0', '198.19.255.255']],
  ['multicast', ['224.0.0.1', '239.255.255.255']],
  ['reserved, and broadcast', ['240.0.0.0', '255.255.255.255']],
  ['IPv6 unspecified and loopback', ['::', '::1']],
  ['IPv6 unique local', ['fc00::1', 'fd00:ec2::254', 'fdff:ffff::1']],
  ['IPv6 link-local', ['fe80::1', 'febf::1', 'fe80::1%eth0', 'fe80::1%1']],
  ['IPv6 site-local and multicast', ['fec0::1', 'ff02::1', 'ff0e::1']],
  ['IPv6 discard, and not yet given out', ['100::1', '4000::1', '8000::1', '5f00::1']],
  ['IPv6 documentation and benchmarks', ['2001:db8::1', '3fff::1', '2001:2::1']],
  ['IPv4 compatible', ['::127.0.0.1', '::10.0.0.1', '::8.8.8.8', '::7f00:1']],
  [
    'IPv4 mapped',
    ['::ffff:127.0.0.1', '::ffff:7f00:2', '::ffff:169.254.169.254', '::ffff:8.8.8.8'],
  ],
  ['IPv4 translated', ['::ffff:0:127.0.0.1', '::ffff:0:a00:1']],
  ['NAT64', ['64:ff9b::127.0.0.1', '64:ff9b::7f00:1', '64:ff9b:1::a00:1', '64:ff9b:1:ffff::1']],
  ['6to4', ['2002:7f00:1::', '2002:a9fe:a9fe::1', '2002:808:808::1']],
  ['Teredo', ['2001::1', '2001:0:7f00:1::', '2001:0:4136:e378:8000:63bf:3fff:fdd2']],
  [
    'ISATAP, under any prefix',
    ['2a00:1450::5efe:127.0.0.1', '2a00:1450::200:5efe:7f00:1', '2606:4700:0:0:0:5efe:a00:1'],
  ],
  ['no address', ['', 'localhost', '1.2.3', '0x7f.1', '2130706433', '01.2.3.4', '[::1]', '::1 ']],
])

suite('an address that is not public', () => {
  for (const [what, addresses] of NOT_PUBLIC) {
    test(`is told: ${what}`, () => {
      assert.deepEqual(addresses.filter(isPublicAddress), [])
    })
  }
})

test('an address just outside of those is public', () => {
  const addresses = [
    ...['1.0.0.0', '8.8.8.8', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0'],
    ...['126.255.255.255', '128.0.0.0', '168.63.129.15', '169.253.255.255', '169.255.0.0'],
    ...['172.15.255.255', '172.32.0.0', '192.167.255.255', '192.169.0.0', '198.17.255.255'],
    ...['198.20.0.0', '223.255.255.255', '2000::1', '2001:200::1', '2001:4860:4860::8888'],
    ...['2003::1', '2606:4700::1111', '2a00:1450::5eff:7f00:1', '2a00::5efe:1', '3ffd::1'],
  ]
  assert.deepEqual(
    addresses.filter((address) => !isPublicAddress(address)),
    [],
  )
})

suite('the host of a URL', () => {
  const faultOf = (url: string) => findHostFault(new URL(url).hostname)

  test('is no IP address, in none of its spellings', () => {
    for (const host of [
      ...['127.0.0.1', '127.1', '2130706433', '0x7f000001', '0x7f.0.0.1', '0177.0.0.1', '0'],
      ...['127.0.0.1.', '\uff11\uff12\uff17.0.0.1', '[::1]', '[::ffff:127.0.0.1]', '8.8.8.8'],
      ...['[2606:4700::1111]', '[64:ff9b::7f00:1]', '%31%32%37.0.0.1'],
    ]) {
      assert.equal(
        faultOf(`https://${host}/`),
        'has an IP address for its host; a name is expected',
      )
    }
  })

  test('is no name of a network of its own', () => {
    for (const host of [
      ...['localhost', 'LOCALHOST', 'a.localhost', 'intranet', 'metadata', 'printer.local'],
      ...['metadata.google.internal', 'router.lan', 'nas.home', 'nas.home.arpa', 'app.corp'],
      ...['a.test', 'a.invalid', 'a.example', 'a.onion', '1.0.0.127.in-addr.arpa'],
    ]) {
      assert.equal(faultOf(`https://${host}/`), 'has a host that is not on the public internet')
    }
  })

  test('has no dot at its end', () => {
    for (const host of ['localhost.', 'app.example.com.', 'metadata.google.internal.']) {
      assert.equal(faultOf(`https://${host}/`), 'has a dot at the end of its host')
    }
  })

  test('may be any other', () => {
    for (const host of [
      'vscode.dev',
      'app.example.com',
      'xn--bcher-kva.example.com',
      'local.dev',
    ]) {
      assert.equal(faultOf(`https://${host}/`), undefined)
    }
  })
})
