import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { standingOf } from '../../../src/core/entra/standing.ts'

const A = '160007d1-3e33-4d24-b261-9a263d8f2ed0'
const B = '99999999-8888-4777-a666-555555555555'

suite('whether Entra says that an account is a guest', () => {
  for (const [access, identity, isGuest] of [
    [{ acct: 0 }, {}, false],
    [{ acct: 1 }, {}, true],
    [{ acct: '0' }, {}, false],
    [{ acct: '1' }, {}, true],
    [{}, { acct: 0 }, false],
    [{}, { acct: 1 }, true],
    [{ acct: 1 }, { acct: 0 }, true],
    [{}, {}, undefined],
    [{ acct: 2 }, {}, undefined],
    [{ acct: null }, {}, undefined],
    [{ acct: false }, {}, undefined],
    [{ acct: [0] }, {}, undefined],
    // Where somebody comes from says nothing of what they are here.
    [{ idp: `https://sts.windows.net/${B}/` }, {}, undefined],
  ] as const) {
    test(`${JSON.stringify([access, identity])}: ${isGuest}`, () => {
      assert.equal(standingOf(access, identity).isGuest, isGuest)
    })
  }
})

suite('the groups that Entra names', () => {
  const groupsOf = (access: Readonly<Record<string, unknown>>, identity?: object) => {
    const { groups } = standingOf(access, identity as never)
    return groups && [...groups]
  }

  test('are all there are, by their ids in lower case', () => {
    assert.deepEqual(groupsOf({ groups: [A, B.toUpperCase()] }), [A, B])
    assert.deepEqual(groupsOf({ groups: [] }), [])
  })

  test("are the access token's, or else the ID token's", () => {
    assert.deepEqual(groupsOf({ groups: [A] }, { groups: [B] }), [A])
    assert.deepEqual(groupsOf({}, { groups: [B] }), [B])
  })

  const overage = {
    _claim_names: { groups: 'src1' },
    _claim_sources: { src1: { endpoint: 'https://graph.windows.net/t/users/o/getMemberObjects' } },
  }
  for (const [name, claims] of [
    ['left out, for there are none or they are not asked for', {}],
    ['too many for a token (overage)', overage],
    ['too many, though some are there', { ...overage, groups: [A] }],
    ['too many for the front channel', { hasgroups: true }],
    ['given by names, which somebody else could give a group', { groups: ['Finance'] }],
    ['partly given by names', { groups: [A, 'DOMAIN\\Finance'] }],
    ['no list', { groups: A }],
    ['no texts', { groups: [1] }],
  ] as const) {
    test(`are unknown where they are ${name}`, () => {
      assert.equal(groupsOf(claims), undefined)
    })
  }
})
