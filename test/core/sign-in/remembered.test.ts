import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Client, ClientSource } from '../../../src/core/clients/client.ts'
import type { Context } from '../../../src/core/context.ts'
import { isRemembering, promptFor } from '../../../src/core/sign-in/remembered.ts'

const client = (source: ClientSource, method: Client['token_endpoint_auth_method'] = 'none') =>
  ({ source, token_endpoint_auth_method: method }) as Client
const context = (consent: 'always' | 'remember') => ({ config: { consent } }) as Context

test('a yes is kept of every client that is known, and only where the operator wants it', () => {
  for (const source of ['registered', 'configured', 'document'] as const) {
    assert.equal(isRemembering(client(source), context('remember')), true, source)
    assert.equal(isRemembering(client(source), context('always')), false, source)
  }
  assert.equal(isRemembering(client('adopted'), context('remember')), false)
})

test('only a client that authenticates is let through in silence, and where it is not forbidden', () => {
  for (const [configured, silent, asked] of [
    ['select_account', '', 'select_account'],
    ['', '', 'select_account'],
    ['login', 'login', 'login'],
    ['none', 'none', 'select_account'],
  ] as const) {
    assert.equal(promptFor(client('registered', 'client_secret_basic'), configured), silent)
    assert.equal(promptFor(client('registered'), configured), asked)
  }
})
