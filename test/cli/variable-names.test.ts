import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { resolveServeSettings } from '../../src/cli/env.ts'

const problemsOf = (env: Record<string, string>) =>
  resolveServeSettings({ emulator: true }, env).problems

suite('a variable whose name is misspelt', () => {
  for (const [name, meant] of [
    // Each would have let everybody in.
    ['ENTRANCE_ALLOW_GROUP', 'ENTRANCE_ALLOW_GROUPS'],
    ['ENTRANCE_ALLOWED_GROUPS', 'ENTRANCE_ALLOW_GROUPS'],
    ['ENTRANCE_ALLOW_GROUP_IDS', 'ENTRANCE_ALLOW_GROUPS'],
    ['ENTRANCE_ALOW_USERS', 'ENTRANCE_ALLOW_USERS'],
    ['ENTRANCE_ALLOW_TENANT', 'ENTRANCE_ALLOW_TENANTS'],
    ['entrance_allow_roles', 'ENTRANCE_ALLOW_ROLES'],
    ['ENTRANCE_ALLOW_GUEST', 'ENTRANCE_ALLOW_GUESTS'],
    ['ENTRANCE_REGISTRATIONS', 'ENTRANCE_REGISTRATION'],
    ['ENTRANCE_REDIRECT_URI', 'ENTRANCE_REDIRECT_URIS'],
    ['ENTRANCE_SECRETS', 'ENTRANCE_SECRET'],
    ['ENTRANCE_CLIENT_DOCUMENT', 'ENTRANCE_CLIENT_DOCUMENTS'],
    // Each would have kept what is confirmed, or written down, in the wrong place.
    ['EXPENSE_STORE', 'EXPENSES_STORE'],
    ['EXPENSES_STOR', 'EXPENSES_STORE'],
    ['ENTRANCE_STORES', 'ENTRANCE_STORE'],
    ['ENTRANCE_AUDITS', 'ENTRANCE_AUDIT'],
    ['ENTRANCE_REPLICA', 'ENTRANCE_REPLICAS'],
    ['ENTRANCE_OPERATOR_TOKENS', 'ENTRANCE_OPERATOR_TOKEN'],
    ['ENTRANCE_TRACE_PARENT', 'ENTRANCE_TRACEPARENT'],
  ] as const) {
    test(`is refused with the one that is meant: ${name}`, () => {
      const [found, ...more] = problemsOf({ [name]: 'x' })
      assert.deepEqual(more, [])
      assert.equal(found?.option, name)
      assert.equal(found?.problem, 'is not a variable of this server.')
      assert.equal(found?.cure, `If ${meant} is meant, rename it; else unset it.`)
    })
  }

  test('is refused also where it is empty: it may have been meant to hold something', () => {
    assert.equal(problemsOf({ ENTRANCE_ALLOW_GROUP: '' })[0]?.option, 'ENTRANCE_ALLOW_GROUP')
  })
})

suite('a variable is left alone', () => {
  for (const name of [
    'ENTRANCE_SERVICE_HOST',
    // As Kubernetes makes them for a service that is called expenses.
    'EXPENSES_SERVICE_HOST',
    'EXPENSES_PORT',
    'EXPENSES_PORT_8000_TCP',
    'ENTRANCE_PORT',
    'ENTRANCE_PORT_8000_TCP_ADDR',
    'ENTRANCE_MCP_SERVICE_PORT_HTTP',
    'ENTRANCE_IMAGE_TAG',
    'ENTRANCE_UID',
    'ENTRANCE_PATH',
    'ENTRANCE_CLIENT_ID',
    'ENTRANCE',
    'ALLOW_GROUPS',
  ]) {
    test(`that is somebody else's: ${name}`, () => {
      assert.deepEqual(problemsOf({ [name]: 'x' }), [])
    })
  }
})
