import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type ProxySupport, useProxy } from '../../src/cli/proxy.ts'

const PROXY = 'http://user:password@proxy.example:8080'

/** A Node of that age; gives what it was told, too. */
function node(version: string, support: Partial<ProxySupport> = {}) {
  const told: Record<string, string>[] = []
  const setGlobalProxyFromEnv = (env: Record<string, string>) => told.push(env)
  return { told, version, setGlobalProxyFromEnv, knowsVariable: true, ...support }
}
const old = node('v22.18.0', { setGlobalProxyFromEnv: undefined, knowsVariable: false })
const middle = node('v22.21.0', { setGlobalProxyFromEnv: undefined })

suite('a proxy', () => {
  test('is used for both schemes, save for NO_PROXY and this machine', () => {
    const current = node('v24.21.0')
    const env = {
      HTTPS_PROXY: PROXY,
      http_proxy: 'http://plain.example',
      NO_PROXY: 'graph.example',
    }
    assert.equal(useProxy(env, current), undefined)
    assert.deepEqual(current.told, [
      {
        HTTPS_PROXY: PROXY,
        HTTP_PROXY: 'http://plain.example',
        NO_PROXY: 'graph.example,localhost,127.0.0.1,[::1],::1',
      },
    ])
  })

  test('that is not set is none', () => {
    for (const one of [node('v24.21.0'), middle, old]) {
      assert.equal(useProxy({ NO_PROXY: '*', HTTPS_PROXY: '' }, one), undefined)
      assert.deepEqual(one.told, [])
    }
  })

  test('that this Node cannot use is not passed over in silence', () => {
    assert.equal(
      useProxy({ HTTPS_PROXY: PROXY }, old),
      'A proxy is set, and Node v22.18.0 does not use it: requests go out directly. Use Node 24.14 or later.',
    )
    // A variable that this Node does not know is of no use.
    assert.match(useProxy({ HTTPS_PROXY: PROXY, NODE_USE_ENV_PROXY: '1' }, old) ?? '', /Use Node/)
  })

  test('that Node 22.21 can use takes a variable more', () => {
    assert.match(useProxy({ https_proxy: PROXY }, middle) ?? '', /Set NODE_USE_ENV_PROXY=1 too/)
    assert.equal(useProxy({ https_proxy: PROXY, NODE_USE_ENV_PROXY: '1' }, middle), undefined)
  })
})
