import assert from 'node:assert/strict'
import type { Emulator, EmulatorOptions } from '../../../src/emulator/emulator.ts'
import { createEmulator } from '../../../src/emulator/emulator.ts'
import { account, authorizeUrl, openBrowser, redeem } from '../support.ts'

export const AZURE_CLI = '04b07795-8ddb-461a-bbee-02f9e1bf7b46'

export type GraphAnswer = {
  status: number
  headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests read documents of many shapes.
  body: any
}

/** Asks Microsoft Graph; the body goes as JSON. */
export type Graph = {
  (
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<GraphAnswer>
  readonly token: string
}

/** Signs a person in to the Azure CLI's own client, and gives the means to ask Graph. */
export async function graphAs(
  emulator: Emulator,
  name = 'Ada',
  scope = 'https://graph.microsoft.com/.default',
): Promise<Graph> {
  const browser = openBrowser(emulator)
  const redirect = 'http://localhost'
  const changes = { client_id: AZURE_CLI, redirect_uri: redirect, scope: `${scope} openid` }
  const picker = await browser.get(authorizeUrl(emulator, changes))
  const last = await browser.submit(picker, { account: account(emulator, name).id })
  const code = last.location?.searchParams.get('code')
  assert.ok(code, last.text)
  const { body } = await redeem(emulator, {
    client_id: AZURE_CLI,
    client_secret: null,
    redirect_uri: redirect,
    scope,
    code,
  })
  assert.ok(body.access_token, JSON.stringify(body))
  return graphWith(emulator, String(body.access_token))
}

/** The means to ask Graph with any token. */
export function graphWith(emulator: Emulator, token: string): Graph {
  const ask = async (
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ) => {
    const response = await emulator.fetch(
      new Request(new URL(path.startsWith('http') ? path : `/v1.0${path}`, emulator.origin), {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
    )
    const text = await response.text()
    return { status: response.status, headers: response.headers, body: text && JSON.parse(text) }
  }
  return Object.assign(ask, { token })
}

/** An emulator and Graph as its administrator sees it. */
export async function openGraph(options: EmulatorOptions = {}) {
  const emulator = createEmulator(options)
  return { emulator, graph: await graphAs(emulator) }
}
