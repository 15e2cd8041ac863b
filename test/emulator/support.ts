import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  type Application,
  CONSUMERS_TENANT_ID,
  createGuest,
  createServicePrincipal,
  createTenant,
  createUser,
  type DirectoryUser,
  type Emulator,
  type Tenant,
} from '../../src/emulator/emulator.ts'

export const CALLBACK = 'http://localhost:8000/auth/callback'
export const VERIFIER = 'a-code-verifier-of-at-least-forty-three-characters'
export const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url')

export type Browser = {
  get(url: string): Promise<Answer>
  /** Submits the page's form, with these fields besides its hidden ones. */
  submit(page: Answer, fields: Record<string, string>): Promise<Answer>
  readonly cookies: Map<string, string>
}

export type Answer = { status: number; headers: Headers; text: string; location: URL | undefined }

/** A browser without scripts that does not follow redirects. */
export function openBrowser(emulator: Emulator, send = emulator.fetch): Browser {
  const cookies = new Map<string, string>()
  const go = async (url: string, init: RequestInit) => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = { ...(cookie && { cookie }) }
    const response = await send(new Request(url, { ...init, headers, redirect: 'manual' }))
    for (const line of response.headers.getSetCookie()) keep(cookies, line)
    const to = response.headers.get('location')
    const location = to === null ? undefined : new URL(to)
    const { status } = response
    return { status, headers: response.headers, text: await response.text(), location }
  }
  return {
    get: (url) => go(url, {}),
    submit: (page, fields) => {
      const { action, hidden } = readForm(page)
      const body = new URLSearchParams({ ...hidden, ...fields })
      return go(`${emulator.origin}${action}`, { method: 'POST', body })
    },
    cookies,
  }
}

/** The first application of the directory: "Entrance". */
export function entrance(emulator: Emulator): Application {
  return emulator.directory.applications[0] as Application
}

/** An account by its display name. */
export function account(emulator: Emulator, name: string): DirectoryUser {
  return emulator.directory.users.find((user) => user.displayName === name) as DirectoryUser
}

/** The scope of the application's own API, and OpenID Connect's. */
export function fullScope(emulator: Emulator): string {
  return `api://${emulator.application.clientId}/mcp-access openid profile email offline_access`
}

/** An authorization request; `null` leaves a parameter out. */
export function authorizeUrl(
  emulator: Emulator,
  changes: Record<string, string | null> = {},
  tenant = emulator.tenantId,
): string {
  const params = {
    client_id: emulator.application.clientId,
    response_type: 'code',
    redirect_uri: CALLBACK,
    scope: fullScope(emulator),
    state: 'the-state',
    nonce: 'the-nonce',
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
    ...changes,
  }
  const given = Object.entries(params).filter(([, value]) => value !== null)
  return `${emulator.origin}/${tenant}/oauth2/v2.0/authorize?${new URLSearchParams(given as [string, string][])}`
}

/** Signs in to the end: picks the account, accepts what is asked, and gives where that leads. */
export async function signIn(
  emulator: Emulator,
  options: {
    name?: string
    browser?: Browser
    changes?: Record<string, string | null>
    tenant?: string
  } = {},
): Promise<URL> {
  const { browser = openBrowser(emulator), name = 'Alice' } = options
  const answers = new Map<string | undefined, Record<string, string>>([
    ['Pick an account', { account: account(emulator, name).id }],
    ['Approve sign in request', { decision: 'approve' }],
    ['Permissions requested', { decision: 'accept' }],
  ])
  let page = await browser.get(authorizeUrl(emulator, options.changes, options.tenant))
  for (let steps = 0; steps < answers.size && !page.location; steps++) {
    const fields = answers.get(heading(page))
    assert.ok(fields, `the sign-in ends at the client, not at: ${heading(page)}`)
    page = await browser.submit(page, fields)
  }
  assert.ok(page.location, `the sign-in ends at the client, not at: ${heading(page)}`)
  return page.location
}

/** Signs in and gives the code. */
export async function getCode(...args: Parameters<typeof signIn>): Promise<string> {
  return (await signIn(...args)).searchParams.get('code') as string
}

export type TokenAnswer = { status: number; headers: Headers; body: Record<string, unknown> }

/** A token request for a code; `null` leaves a parameter out. */
export async function redeem(
  emulator: Emulator,
  changes: Record<string, string | null>,
  options: { headers?: Record<string, string>; tenant?: string } = {},
): Promise<TokenAnswer> {
  const params = {
    client_id: emulator.application.clientId,
    client_secret: emulator.application.clientSecret,
    grant_type: 'authorization_code',
    redirect_uri: CALLBACK,
    code_verifier: VERIFIER,
    scope: fullScope(emulator),
    ...changes,
  }
  const given = Object.entries(params).filter(([, value]) => value !== null) as [string, string][]
  const { headers = {}, tenant = emulator.tenantId } = options
  const url = `${emulator.origin}/${tenant}/oauth2/v2.0/token`
  const body = new URLSearchParams(given)
  const response = await emulator.fetch(new Request(url, { method: 'POST', headers, body }))
  const json = (await response.json()) as Record<string, unknown>
  return { status: response.status, headers: response.headers, body: json }
}

/** A token request for a refresh token. */
export function refresh(
  emulator: Emulator,
  refreshToken: unknown,
  changes: Record<string, string | null> = {},
  options: { headers?: Record<string, string>; tenant?: string } = {},
): Promise<TokenAnswer> {
  const fixed = { grant_type: 'refresh_token', redirect_uri: null, code_verifier: null }
  return redeem(emulator, { ...fixed, refresh_token: String(refreshToken), ...changes }, options)
}

/** Asserts a refusal of the token endpoint. */
export function assertRefused(answer: TokenAnswer, code: number, error: string): void {
  assert.deepEqual(answer.body.error_codes, [code], String(answer.body.error_description))
  assert.equal(answer.body.error, error)
  assert.equal(answer.status, error === 'invalid_client' ? 401 : 400)
}

/** Asserts a refusal on Entra's own page, which never leads to the client. */
export function assertErrorPage(answer: Answer, code: number): void {
  assert.equal(answer.location, undefined)
  assert.equal(answer.status, 400)
  assert.match(answer.text, new RegExp(`AADSTS${code}: `))
}

/** Asserts a refusal that is told to the client. */
export function assertErrorRedirect(location: URL | undefined, code: number, error: string): void {
  assert.ok(location, 'the browser is sent to the client')
  assert.equal(location.href.split(/[?#]/)[0], CALLBACK)
  const params = location.hash ? new URLSearchParams(location.hash.slice(1)) : location.searchParams
  assert.match(params.get('error_description') ?? '', new RegExp(`^AADSTS${code}: `))
  assert.equal(params.get('error'), error)
  assert.equal(params.get('code'), null)
  assert.equal(params.get('state'), 'the-state')
}

/** The text of a page's heading. */
export function heading(page: Answer): string | undefined {
  return /<h1>([^<]*)<\/h1>/.exec(page.text)?.[1]
}

function readForm(page: Answer): { action: string; hidden: Record<string, string> } {
  const action = /<form method="post" action="([^"]+)">/.exec(page.text)?.[1]
  assert.ok(action, `there is a form on the page: ${heading(page)}`)
  const fields = page.text.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)">/g)
  const named = page.text.matchAll(/<input name="([^"]+)"[^>]* value="([^"]*)" hidden>/g)
  const hidden = Object.fromEntries([...fields, ...named].map(([, name, value]) => [name, value]))
  return { action, hidden }
}

function keep(cookies: Map<string, string>, line: string): void {
  const [pair = '', ...attributes] = line.split('; ')
  const [name = '', ...value] = pair.split('=')
  if (attributes.includes('Max-Age=0')) cookies.delete(name)
  else cookies.set(name, value.join('='))
}

/** The claims of a token, unverified. */
export function claimsOf(token: unknown): Record<string, unknown> {
  return JSON.parse(Buffer.from(String(token).split('.')[1] ?? '', 'base64url').toString())
}

/** A tenant `partner.example` with Carol, who has an account there. */
export function addPartner(emulator: Emulator): { tenant: Tenant; carol: DirectoryUser } {
  const tenant = createTenant({ domains: ['partner.example'], displayName: 'Partner' })
  const carol = createUser({
    tenantId: tenant.id,
    userPrincipalName: 'carol@partner.example',
    displayName: 'Carol',
  })
  emulator.directory.tenants.push(tenant)
  emulator.directory.users.push(carol)
  return { tenant, carol }
}

/** Carol of the partner, invited as a guest. */
export function addGuest(emulator: Emulator): { carol: DirectoryUser; guest: DirectoryUser } {
  const { carol } = addPartner(emulator)
  const guest = createGuest(carol, emulator.directory.tenants[0] as Tenant)
  emulator.directory.users.push(guest)
  return { carol, guest }
}

/** Dana, who has a personal account. */
export function addPersonal(emulator: Emulator): DirectoryUser {
  const dana = createUser({
    tenantId: CONSUMERS_TENANT_ID,
    userPrincipalName: 'dana@outlook.example',
    displayName: 'Dana',
  })
  emulator.directory.users.push(dana)
  return dana
}

/** An administrator's consent for everybody, to what the application's sign-ins ask for. */
export function consentForEverybody(emulator: Emulator): void {
  const { directory, tenantId } = emulator
  const [client, graph] = [emulator.application.clientId, GRAPH_APP_ID].map((appId) => {
    const found = directory.servicePrincipals.find(
      (one) => one.appId === appId && one.tenantId === tenantId,
    )
    if (found) return found
    const principal = createServicePrincipal({ appId, tenantId })
    directory.servicePrincipals.push(principal)
    return principal
  })
  for (const [resource, scope] of [
    [client, 'mcp-access'],
    [graph, 'openid profile email offline_access'],
  ] as const) {
    directory.oauth2PermissionGrants.push({
      id: crypto.randomUUID(),
      clientId: client?.id as string,
      resourceId: resource?.id as string,
      consentType: 'AllPrincipals',
      principalId: null,
      scope,
    })
  }
}

/** Makes somebody an administrator who may consent for everybody. */
export function makeAdministrator(emulator: Emulator, name: string): void {
  account(emulator, name).directoryRoles = ['Cloud Application Administrator']
}

/** Microsoft Graph's client id. */
export const GRAPH_APP_ID = '00000003-0000-0000-c000-000000000000'
