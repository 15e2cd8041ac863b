import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createAdmission, whomToAsk } from '../../src/core/admission.ts'
import { resolveAllow } from '../../src/core/allow.ts'
import type { EntraTokens } from '../../src/core/entra/entra.ts'
import { EntraError } from '../../src/core/errors.ts'
import type { AllowOptions } from '../../src/core/options.ts'

const TENANT = '160007d1-3e33-4d24-b261-9a263d8f2ed0'
const OTHER_TENANT = '99999999-8888-4777-a666-555555555555'
const CONSUMERS = '9188040d-6c67-4c5b-b112-36a304b66dad'
const ALICE = 'f008373e-b362-4903-bcb9-19208e6a0c72'
const BOB = 'aa760628-8e72-40f8-92a9-54680576b8d1'
const FINANCE = '11111111-2222-4333-8444-555555555555'
const SALES = '66666666-7777-4888-8999-aaaaaaaaaaaa'

type Given = {
  tid?: string
  roles?: readonly string[]
  isGuest?: boolean
  groups?: readonly string[]
}

function tokensOf({ tid = TENANT, roles = [], isGuest, groups }: Given = {}): EntraTokens {
  return {
    user: { oid: ALICE, tid, name: 'Alice', preferred_username: 'alice@entrance.example', roles },
    standing: { isGuest, groups: groups && new Set(groups) },
    accessToken: 'an access token',
    scope: 'mcp-access',
    refreshToken: undefined,
  }
}

/** An admission whose look-ups find the person in these groups, and what was looked up. */
function admissionFor(allow: AllowOptions, found: readonly string[] = []) {
  const asked: (readonly string[])[] = []
  const admission = createAdmission(resolveAllow(allow), {
    async isInAnyGroup(_tokens, ids) {
      asked.push(ids)
      return ids.some((id) => found.includes(id))
    },
  })
  return { asked, findUnmet: admission.findUnmet }
}

const findUnmet = (allow: AllowOptions, given?: Given) =>
  admissionFor(allow).findUnmet(tokensOf(given))

suite('who may come in', () => {
  test('is everybody whom Entra lets in, where there is no rule', async () => {
    assert.equal(await findUnmet({}), undefined)
    assert.equal(await findUnmet({}, { isGuest: true }), undefined)
  })

  test('is no guest with a personal account of their own, of which Entra does not say', async () => {
    const allow: AllowOptions = { tenants: [TENANT, CONSUMERS], guests: false }
    assert.equal(await findUnmet(allow, { tid: CONSUMERS }), undefined)
    assert.equal(await findUnmet(allow, { tid: CONSUMERS, isGuest: true }), 'guests')
    await assert.rejects(findUnmet(allow, { tid: TENANT }), EntraError)
  })

  test('has to meet every rule, each by any entry', async () => {
    const allow = { users: [ALICE, BOB], roles: ['Auditor', 'Approver'], guests: false }
    assert.equal(await findUnmet(allow, { roles: ['Approver'], isGuest: false }), undefined)
    assert.equal(await findUnmet(allow, { roles: ['Reader'], isGuest: false }), 'roles')
    assert.equal(await findUnmet(allow, { roles: ['Approver'], isGuest: true }), 'guests')
    const others = { ...allow, users: [BOB] }
    assert.equal(await findUnmet(others, { roles: ['Approver'], isGuest: false }), 'users')
  })

  test('is of one of the tenants', async () => {
    const allow = { tenants: [TENANT] }
    assert.equal(await findUnmet(allow), undefined)
    assert.equal(await findUnmet(allow, { tid: OTHER_TENANT }), 'tenants')
    assert.equal(await findUnmet({ tenants: 'any' }, { tid: OTHER_TENANT }), undefined)
  })

  test("is told apart from another tenant's person of the same object id", async () => {
    const allow = { users: [`${TENANT}/${ALICE}`] }
    assert.equal(await findUnmet(allow), undefined)
    assert.equal(await findUnmet(allow, { tid: OTHER_TENANT }), 'users')
  })

  test('has an app role exactly as it is written', async () => {
    assert.equal(await findUnmet({ roles: ['Approver'] }, { roles: ['approver'] }), 'roles')
  })

  test('is unknown where Entra does not say who is a guest: nobody comes in on a guess', async () => {
    await assert.rejects(findUnmet({ guests: false }), (error) => {
      assert.ok(error instanceof EntraError)
      assert.equal(error.isTransient, false)
      assert.match(error.cure, /add the optional claim acct to access tokens/)
      return true
    })
  })
})

suite('the groups of a person', () => {
  const allow = { groups: [FINANCE, SALES] }

  test('are taken from the token that names them, and nothing is looked up', async () => {
    const { asked, findUnmet } = admissionFor(allow, [FINANCE])
    assert.equal(await findUnmet(tokensOf({ groups: [BOB, SALES] })), undefined)
    assert.equal(await findUnmet(tokensOf({ groups: [BOB] })), 'groups')
    assert.equal(await findUnmet(tokensOf({ groups: [] })), 'groups')
    assert.deepEqual(asked, [])
  })

  test('are looked up where the token leaves them open: those of the rule alone', async () => {
    const { asked, findUnmet } = admissionFor(allow, [SALES])
    assert.equal(await findUnmet(tokensOf()), undefined)
    assert.deepEqual(asked, [[FINANCE, SALES]])
    assert.equal(await admissionFor(allow).findUnmet(tokensOf()), 'groups')
  })

  test('are not looked up for whom another rule keeps out', async () => {
    const { asked, findUnmet } = admissionFor({ ...allow, users: [BOB], roles: ['x'] }, [SALES])
    assert.equal(await findUnmet(tokensOf()), 'users')
    assert.deepEqual(asked, [])
  })

  test("are those of the person's own tenant", async () => {
    const several = { groups: [`${TENANT}/${FINANCE}`, `${OTHER_TENANT}/${SALES}`] }
    const { asked, findUnmet } = admissionFor(several, [FINANCE, SALES])
    assert.equal(await findUnmet(tokensOf({ groups: [SALES] })), 'groups')
    assert.equal(await findUnmet(tokensOf({ groups: [FINANCE] })), undefined)
    assert.equal(await findUnmet(tokensOf({ tid: OTHER_TENANT, groups: [FINANCE] })), 'groups')
    assert.equal(await findUnmet(tokensOf({ tid: OTHER_TENANT })), undefined)
    assert.deepEqual(asked, [[SALES]])
  })

  test('are none where no rule is about the tenant, and for a personal account', async () => {
    const { asked, findUnmet } = admissionFor({ groups: [`${TENANT}/${FINANCE}`] }, [FINANCE])
    assert.equal(await findUnmet(tokensOf({ tid: OTHER_TENANT })), 'groups')
    const personal = admissionFor({ groups: [`${CONSUMERS}/${FINANCE}`] }, [FINANCE])
    assert.equal(await personal.findUnmet(tokensOf({ tid: CONSUMERS })), 'groups')
    assert.deepEqual([...asked, ...personal.asked], [])
  })
})

test('whom to ask is a sentence, whatever was written', () => {
  const whom = (contact?: string) => whomToAsk(resolveAllow({ contact }))
  assert.equal(whom(), 'To be let in, ask the operator of this server.')
  assert.equal(whom(' it@example.com '), 'To be let in, ask it@example.com.')
  assert.equal(
    whom('Open a ticket at https://help.example'),
    'Open a ticket at https://help.example.',
  )
  assert.equal(whom('Ask Carol!'), 'Ask Carol!')
})
