import assert from 'node:assert/strict'
import type { Emulator, EmulatorOptions } from '../../../src/emulator/emulator.ts'
import { createEmulator } from '../../../src/emulator/emulator.ts'
import { account, authorizeUrl, openBrowser, redeem } from '../support.ts'

export const AZURE_CLI = '04b07795-8ddb-461a-bbee-02f9e1bf7b46'
export const GRAPH = '00000003-0000-0000-c000-000000000000'

export type GraphAnswer = {
  status: number
  headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests read documents of many shapes.
  body: any
}

/** Asks Microsoft Graph; the body goes as JSON, a text as it is. */
export type Graph = (
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
) => Promise<GraphAnswer>

/** Signs a person in to the Azure CLI's own client, and gives a token for Graph. */
export async function graphToken(
  emulator: Emulator,
  name = 'Ada',
  scope = 'https://graph.microsoft.com/.default openid profile email',
): Promise<string> {
  const browser = openBrowser(emulator)
  const client = { client_id: AZURE_CLI, redirect_uri: 'http://localhost', scope }
  const picker = await browser.get(authorizeUrl(emulator, client))
  const last = await browser.submit(picker, { account: account(emulator, name).id })
  const code = last.location?.searchParams.get('code')
  assert.ok(code, last.text)
  const { body } = await redeem(emulator, { ...client, client_secret: null, code })
  assert.equal(typeof body.access_token, 'string', JSON.stringify(body))
  return String(body.access_token)
}

/** Asks Graph with a token of this person. */
export async function graphAs(emulator: Emulator, name?: string, scope?: string): Promise<Graph> {
  return graphWith(emulator, await graphToken(emulator, name, scope))
}

/** Asks Graph with any token. */
export function graphWith(emulator: Emulator, token: string): Graph {
  return async (method, path, body, headers = {}) => {
    const url = /^(https?:|\/oidc)/.test(path) ? path : `/v1.0${path}`
    const request = new Request(new URL(url, emulator.origin), {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const response = await emulator.fetch(request)
    const text = await response.text()
    return { status: response.status, headers: response.headers, body: text && JSON.parse(text) }
  }
}

/** A token for Graph that an application has for itself. */
export async function appToken(
  emulator: Emulator,
  clientId: string,
  clientSecret: string,
  tenant = emulator.tenantId,
): Promise<string> {
  const changes = {
    client_id: clientId,
    client_secret: clientSecret,
    grant_type: 'client_credentials',
    scope: 'https://graph.microsoft.com/.default',
    redirect_uri: null,
    code_verifier: null,
  }
  const { body } = await redeem(emulator, changes, { tenant })
  assert.equal(typeof body.access_token, 'string', JSON.stringify(body))
  return String(body.access_token)
}

/** An emulator, and Graph as its administrator sees it. */
export async function openGraph(options: EmulatorOptions = {}) {
  const emulator = createEmulator(options)
  return { emulator, graph: await graphAs(emulator) }
}

/** Registers an application, and gives its ids. */
export async function register(
  graph: Graph,
  body: Record<string, unknown> = {},
): Promise<{ id: string; appId: string }> {
  const answer = await graph('POST', '/applications', { displayName: 'Test', ...body })
  assert.equal(answer.status, 201, JSON.stringify(answer.body))
  return answer.body
}

/** Asserts an answer without a body. */
export function assertDone(answer: GraphAnswer): void {
  assert.equal(answer.status, 204, JSON.stringify(answer.body))
  assert.equal(answer.body, '')
}

/** Asserts a refusal in Graph's own shape. */
export function assertError(
  answer: GraphAnswer,
  status: number,
  code: string,
  message: RegExp | string,
): void {
  const { error } = answer.body
  assert.equal(answer.status, status, JSON.stringify(answer.body))
  assert.equal(error.code, code)
  if (typeof message === 'string') assert.equal(error.message, message)
  else assert.match(error.message, message)
  const { date, ...ids } = error.innerError
  assert.match(date, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/)
  assert.deepEqual(ids, {
    'request-id': answer.headers.get('request-id'),
    'client-request-id': answer.headers.get('client-request-id'),
  })
  assert.ok(answer.headers.get('x-ms-ags-diagnostic')?.startsWith('{"ServerInfo":'))
}

/** A permission that an API exposes. */
export function scope(value: string, more: Record<string, unknown> = {}) {
  return {
    id: crypto.randomUUID(),
    value,
    type: 'User',
    isEnabled: true,
    adminConsentDisplayName: value,
    adminConsentDescription: value,
    userConsentDisplayName: value,
    userConsentDescription: value,
    ...more,
  }
}
