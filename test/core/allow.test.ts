import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { checkAllow, resolveAllow } from '../../src/core/allow.ts'
import { ConfigError } from '../../src/core/errors.ts'
import type { AllowOptions } from '../../src/core/options.ts'
import { resolveOptions } from '../../src/core/resolve-options.ts'
import { memoryStore } from '../../src/stores/memory.ts'

const TENANT = '160007d1-3e33-4d24-b261-9a263d8f2ed0'
const OTHER = '99999999-8888-4777-a666-555555555555'
const ID = 'f008373e-b362-4903-bcb9-19208e6a0c72'

type Wrong = readonly [allow: AllowOptions, tenantId: string, option: string, problem: string]

const many = (count: number) => Array.from({ length: count }, () => ID)

/** One rule each that is wrong, and what is said of it. */
const WRONG: readonly Wrong[] = [
  [
    {},
    'organizations',
    'tenants',
    'is missing, while organizations has accounts of every tenant sign in.',
  ],
  [{}, 'common', 'tenants', 'is missing, while common has accounts of every tenant sign in.'],
  [{ tenants: [] }, 'organizations', 'tenants', 'is empty, and so nobody could come in.'],
  [{ tenants: [] }, TENANT, 'tenants', 'is empty, and so nobody could come in.'],
  [{ tenants: 'any' }, TENANT, 'tenants', "is 'any', while people of one tenant can sign in."],
  [
    { tenants: ['any'] },
    'contoso.com',
    'tenants',
    "is 'any', while people of one tenant can sign in.",
  ],
  [{ tenants: ['any', OTHER] }, 'common', 'tenants', "has 'any' beside other entries."],
  [{ tenants: ['*'] }, 'common', 'tenants', "'*' is not a tenant id."],
  [
    { tenants: ['contoso.onmicrosoft.com'] },
    'common',
    'tenants',
    "'contoso.onmi…' is not a tenant id: a domain can move to another tenant.",
  ],
  [
    { tenants: [OTHER] },
    TENANT,
    'tenants',
    `lacks ${TENANT}, the one tenant whose people can sign in.`,
  ],
  [{ tenants: many(1001) }, 'common', 'tenants', 'has 1001 entries; 1000 at most are expected.'],
  [{ users: [] }, TENANT, 'users', 'is empty, and so nobody could come in.'],
  [{ users: [''] }, TENANT, 'users', "'' is not an object id, which is a GUID."],
  [
    { users: ['alice@contoso.com'] },
    TENANT,
    'users',
    "'alice@contos…' is a sign-in name, which can be given to somebody else.",
  ],
  [{ users: ['Alice'] }, TENANT, 'users', "'Alice' is not an object id, which is a GUID."],
  [{ users: [`${ID}*`] }, TENANT, 'users', "'f008373e-b36…' is not an object id, which is a GUID."],
  [
    { users: [`${OTHER}/${ID}/${ID}`] },
    TENANT,
    'users',
    "'99999999-888…' is not an object id, which is a GUID.",
  ],
  [{ users: [ID], tenants: 'any' }, 'common', 'users', `'${ID}' does not say of which tenant.`],
  [{ users: many(1001) }, TENANT, 'users', 'has 1001 entries; 1000 at most are expected.'],
  [{ groups: [] }, TENANT, 'groups', 'is empty, and so nobody could come in.'],
  [{ groups: ['Expenses'] }, TENANT, 'groups', "'Expenses' is not an object id, which is a GUID."],
  [
    { groups: [ID], tenants: [OTHER] },
    'organizations',
    'groups',
    `'${ID}' does not say of which tenant.`,
  ],
  [{ groups: many(101) }, TENANT, 'groups', 'has 101 entries; 100 at most are expected.'],
  [{ roles: [] }, TENANT, 'roles', 'is empty, and so nobody could come in.'],
  [{ roles: ['two words'] }, TENANT, 'roles', "'two words' is not the value of an app role."],
  [{ roles: [''] }, TENANT, 'roles', "'' is not the value of an app role."],
  [
    { roles: ['x'.repeat(121)] },
    TENANT,
    'roles',
    "'xxxxxxxxxxxx…' is not the value of an app role.",
  ],
  [
    { roles: ['Admin'], tenants: 'any' },
    'common',
    'roles',
    "keeps nobody out where tenants is 'any': each tenant gives roles to its own.",
  ],
  [{ guests: 'no' as never }, TENANT, 'guests', "'no' is neither true nor false."],
  [{ guests: 0 as never }, TENANT, 'guests', "'0' is neither true nor false."],
  [{ contact: '  ' }, TENANT, 'contact', 'is not a line of 1 to 200 characters.'],
  [{ contact: 'a\nb' }, TENANT, 'contact', 'is not a line of 1 to 200 characters.'],
  [{ contact: 'x'.repeat(201) }, TENANT, 'contact', 'is not a line of 1 to 200 characters.'],
  [{ contact: 1 as never }, TENANT, 'contact', 'is not a line of 1 to 200 characters.'],
]

suite('a rule about who may come in that is wrong', () => {
  for (const [allow, tenantId, option, problem] of WRONG) {
    test(`${JSON.stringify(allow).slice(0, 80)} for ${tenantId} is named with the cure`, () => {
      const [found, ...others] = checkAllow(allow, tenantId)
      assert.deepEqual([found?.option, found?.problem], [`allow.${option}`, problem])
      assert.match(found?.cure ?? '', /^[A-Z].*\.$/)
      assert.deepEqual(others, [])
    })
  }

  test('is told with all that is wrong otherwise, by createEntrance', () => {
    const options = {
      url: 'https://expenses.example.com',
      secret: 'short',
      store: memoryStore(),
      entra: { tenantId: TENANT, clientId: ID, clientSecret: 'abc~not.a.secret' },
      allow: { users: [] },
    }
    assert.throws(
      () => resolveOptions(options),
      (error) => {
        assert.ok(error instanceof ConfigError)
        assert.deepEqual(
          error.problems.map(({ option }) => option),
          ['secret', 'allow.users'],
        )
        return true
      },
    )
  })

  for (const [given, option, problem] of [
    [{ user: [ID] }, 'allow.user', 'is not an option.'],
    [{ users: ID }, 'allow.users', 'is not a list of texts.'],
    [{ groups: new Set([ID]) }, 'allow.groups', 'is not a list of texts.'],
    [{ roles: [1] }, 'allow.roles', 'is not a list of texts.'],
    [{ tenants: 'all' }, 'allow.tenants', 'is not a list of texts.'],
    [[ID], 'allow', 'is not an object.'],
    [null, 'allow', 'is not an object.'],
  ] as const) {
    test(`is told of ${JSON.stringify(given)}, which TypeScript would not take`, () => {
      const options = {
        url: 'https://expenses.example.com',
        secret: 'a-master-key-of-forty-characters-at-least',
        store: memoryStore(),
        entra: { tenantId: TENANT, clientId: ID, clientSecret: 'abc~not.a.secret' },
        allow: given as never,
      }
      assert.throws(
        () => resolveOptions(options),
        (error) => {
          assert.ok(error instanceof ConfigError)
          const [found, ...others] = error.problems
          assert.deepEqual([found?.option, found?.problem, others], [option, problem, []])
          return true
        },
      )
    })
  }
})

suite('rules about who may come in', () => {
  for (const [allow, tenantId] of [
    [{}, TENANT],
    [{}, 'contoso.com'],
    [{}, 'consumers'],
    [{ tenants: 'any' }, 'common'],
    [{ tenants: ['any'] }, 'organizations'],
    [{ tenants: [TENANT.toUpperCase(), OTHER] }, 'organizations'],
    [{ tenants: [OTHER, TENANT] }, TENANT],
    [{ users: [ID, `${TENANT}/${OTHER}`], groups: [ID] }, TENANT],
    [{ users: [`${TENANT}/${ID}`], groups: [`${TENANT}/${ID}`], tenants: 'any' }, 'common'],
    [{ roles: ['Expenses.Approver'], guests: false, contact: 'it-help@example.com' }, TENANT],
    [{ roles: ['Expenses.Approver'], tenants: [TENANT] }, 'organizations'],
  ] as const) {
    test(`${JSON.stringify(allow)} are right for ${tenantId}`, () => {
      assert.deepEqual(checkAllow(allow, tenantId), [])
    })
  }

  test('are compared as Entra writes ids, whatever case they were pasted in', () => {
    const { users, groups, tenants } = resolveAllow({
      users: [` ${ID.toUpperCase()} `],
      groups: [`${TENANT}/${ID}`.toUpperCase()],
      tenants: [TENANT.toUpperCase()],
    })
    assert.deepEqual([...(users ?? [])], [ID])
    assert.deepEqual([...(groups ?? [])], [`${TENANT}/${ID}`])
    assert.deepEqual([...(tenants ?? [])], [TENANT])
  })

  test('that are not given keep nobody out', () => {
    assert.deepEqual(resolveAllow({}), {
      ...{ tenants: undefined, users: undefined, groups: undefined, roles: undefined },
      ...{ guests: true, contact: undefined },
    })
  })
})
