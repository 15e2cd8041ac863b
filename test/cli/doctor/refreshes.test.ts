import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { signIn } from '../../support/oauth-client.ts'
import type { Fault } from './fault.ts'
import { FAULTS } from './matrix.ts'
import { createWorlds, type World } from './world.ts'

const worlds = await createWorlds()
after(() => worlds.close())

type Refusal = { readonly status: number; readonly error: string; readonly says: RegExp }

const OPERATOR = 'The operator of this server has to mend it'
const later = (says: RegExp): Refusal => ({ status: 503, error: 'temporarily_unavailable', says })
const number = (code: number) => later(new RegExp(`\\(AADSTS${code}\\)\\. ${OPERATOR}`))
const mine = later(new RegExp(`at the moment\\. ${OPERATOR}`))
const passing = later(/at the moment\. Keep the refresh token and try again/)
const ended = (code: number): Refusal => {
  return { status: 400, error: 'invalid_grant', says: new RegExp(`\\(AADSTS${code}\\)\\. Sign in`) }
}
const another: Refusal = {
  ...{ status: 400, error: 'invalid_grant' },
  says: /from another Entra ID configuration of this server\. Sign in again/,
}

/** What a client is told that renews its tokens when the fault is there. */
const REFUSALS: ReadonlyMap<string, Refusal> = new Map([
  ['the client secret is wrong', number(7000215)],
  ['the client secret has been removed from the registration', number(7000215)],
  ['the client secret has expired', number(7000222)],
  ["the certificate is not one of the registration's", number(700027)],
  ['the federated credential has another subject than the token of the workload', number(700213)],
  ['the endpoint of the managed identity does not answer', passing],
  ['the application has no service principal in the tenant', number(700016)],
  ['the application is switched off in the tenant', number(7000112)],
  ['there is no Application ID URI', number(500011)],
  ['the scope is not exposed', number(650053)],
  ['the registration issues version 1 tokens', mine],
  ["the login host's name cannot be looked up", passing],
  ['a proxy of the company opens TLS, and its certificate is not known', passing],
  ['the tenant is one that Entra does not know', another],
  ['the clock is half an hour behind', mine],
  ['an assignment is required, and nobody is assigned', ended(50105)],
])

suite('a client that renews its tokens while there is a fault is told what to do', () => {
  for (const [name, refusal] of REFUSALS) test(name, () => refreshUnder(find(name), refusal))
})

function find(name: string): Fault {
  const fault = [...FAULTS.values()].flat().find((one) => one.name === name)
  return fault ?? assert.fail(name)
}

async function refreshUnder(fault: Fault, expected: Refusal): Promise<void> {
  const world = await worlds.open()
  try {
    const { client, client_id, tokens } = await signIn(world.url)
    await fault.plant(world)
    await world.restart()
    const response = await client.refresh(client_id, tokens.refresh_token)
    const { error, error_description } = (await response.json()) as Record<string, string>
    assert.match(error_description ?? '', expected.says)
    assert.deepEqual([response.status, error], [expected.status, expected.error])
    assert.deepEqual(findUnexpected(world), [])
  } finally {
    await world.close()
  }
}

function findUnexpected({ logs }: World) {
  return logs.filter(({ event }) => event === 'error.unexpected')
}
