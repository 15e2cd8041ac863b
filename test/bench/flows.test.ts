import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createAsk } from '../../bench/flows/ask.ts'
import type { Done, Order } from '../../bench/flows/driver.ts'
import { discover, refresh, signIn } from '../../bench/flows/sign-in.ts'
import type { StormDone, StormOrder } from '../../bench/flows/storm.ts'
import { startOrdered } from '../../bench/kit/ordered.ts'
import { SEED } from '../../src/emulator/seed.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { startEntrance } from '../support/start.ts'

suite('what the bench sends is what people send', { timeout: 60_000 }, () => {
  test('a sign-in ends with tokens that open the gate, and a refresh with others', async () => {
    await using server = await startEntrance()
    const ask = createAsk(1)
    const endpoints = await discover(ask, server.url)
    const given = await signIn(ask, endpoints, SEED.bob)
    const renewed = await refresh(ask, endpoints, given)
    assert.notEqual(renewed.refresh_token, given.refresh_token)
    for (const { access_token } of [given, renewed]) {
      const authorization = `Bearer ${access_token}`
      const info = server.entrance.authenticate({ authorization, host: new URL(server.url).host })
      assert.ok(info.isAllowed)
      assert.equal(info.authInfo.extra.user.oid, SEED.bob)
    }
  })

  test('a person whom nobody knows stops it, and it says where', async () => {
    await using server = await startEntrance()
    const ask = createAsk(1)
    const endpoints = await discover(ask, server.url)
    await assert.rejects(signIn(ask, endpoints, 'nobody'), /leads nowhere: .*Email or user name/)
  })

  test('the driver counts what it did, from when it has begun', async () => {
    await using server = await startEntrance()
    await using driver = startOrdered<Order, Done>('flows/driver.ts')
    for (const what of ['sign-ins', 'refreshes', 'metadata'] as const) {
      let hasBegun = false
      const order = { what, origin: server.url, accounts: [SEED.alice], people: 2, seconds: 0.2 }
      const done = await driver.order(order, () => {
        hasBegun = true
      })
      assert.ok(hasBegun)
      assert.ok(done.count >= 2 && done.seconds >= 0.2)
    }
  })

  test('a storm of strangers is answered, and adds nothing to the store', async () => {
    const store = memoryStore()
    await using server = await startEntrance({ entrance: { store } })
    await using driver = startOrdered<StormOrder, StormDone>('flows/storm.ts')
    const count = async () => (await store.page({ prefix: '', limit: 100 })).records.length
    const before = await count()
    for (const what of ['registrations', 'authorizations'] as const) {
      await driver.order({ what, origin: server.url, from: 0, until: 100 })
    }
    const registered = server.logs.filter(({ event }) => event === 'client.registered')
    assert.equal(registered.length, 101)
    assert.equal(await count(), before)
  })

  test('a storm that is held off is no measurement', async () => {
    await using server = await startEntrance({ entrance: { limits: {} } })
    await using driver = startOrdered<StormOrder, StormDone>('flows/storm.ts')
    const order = { what: 'registrations', origin: server.url, from: 0, until: 2000 } as const
    await assert.rejects(driver.order(order), /A stranger was answered 429/)
  })
})
