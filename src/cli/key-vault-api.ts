import type { Credential } from '../core/entra/credentials/credential.ts'
import { ConfigError } from '../core/errors.ts'
import type { VaultAddress } from './key-vault.ts'

/** A version of a secret, without its value. Times are milliseconds since the epoch. */
export type VaultVersion = {
  readonly id: string
  readonly isEnabled: boolean
  readonly createdAt: number
  readonly notBefore: number | undefined
}

/** What is asked of a vault about one secret. What is wrong for good is a `ConfigError`. */
export type VaultApi = {
  versions(): Promise<readonly VaultVersion[]>
  /** The value of a version, by the id that {@link VaultApi.versions} gave. */
  value(id: string): Promise<string>
  /** A fault of the secret itself. */
  problem(problem: string): ConfigError
}

export type VaultClient = {
  readonly clientId: string
  /** Of the tenant that the application is in; never what the vault names. */
  readonly tokenEndpoint: string
  readonly credential: Credential
  readonly fetch: typeof fetch
}

const API_VERSION = '7.4'

/** How long one request may take, in milliseconds. */
const TIMEOUT = 10_000

/** The longest answer, in bytes: 25 versions of a secret are a fifth of it. */
const MAX_BYTES = 64 * 1024

/** How many pages of versions are read. */
const MAX_PAGES = 20

/** A token is used until so shortly before its end, in milliseconds. */
const RENEW_BEFORE = 300_000

const CURE =
  "Give the application the role 'Key Vault Secrets User' on the vault, and let this server's network in."

/** Speaks the REST protocol of Azure Key Vault as the app registration that people sign in by. */
export function createVaultApi(address: VaultAddress, client: VaultClient): VaultApi {
  const secret = `${address.origin}/secrets/${address.name}`
  let token: { readonly text: string; readonly endsAt: number } | undefined

  async function get(url: string): Promise<Record<string, unknown>> {
    for (let isRenewed = false; ; isRenewed = true) {
      const isGood = token !== undefined && token.endsAt - RENEW_BEFORE > Date.now()
      const headers = isGood && token ? { authorization: `Bearer ${token.text}` } : undefined
      const response = await ask(client.fetch, url, headers && { headers })
      // Whoever asks without a token is told which one is wanted.
      if (response.status !== 401 || isRenewed) return toBody(response)
      token = await requestToken(resourceOf(response.challenge))
    }
  }

  async function requestToken(resource: string) {
    const scope = `${resource}/.default`
    const body = new URLSearchParams({ grant_type: 'client_credentials', scope })
    const { clientId, tokenEndpoint, credential } = client
    const authenticate = await credential(tokenEndpoint)
    await authenticate({ issuer: '' }, { client_id: clientId }, body, new Headers())
    const response = await ask(client.fetch, tokenEndpoint, { method: 'POST', body })
    const { access_token: text, expires_in } = parse(response.text)
    if (response.status === 200 && typeof text === 'string') {
      return { text, endsAt: Date.now() + Number(expires_in) * 1000 }
    }
    if (isPassing(response.status)) throw away(`Entra answers with status ${response.status}`)
    throw refused(`Entra gives the application no token for it: ${wordsOf(response.text)}`)
  }

  /** The token is worth the keys: no other host than the vault's own domain gets one. */
  function resourceOf(challenge: string): string {
    const resource = URL.parse(/\b(?:resource|scope)="?([^",\s]+)/.exec(challenge)?.[1] ?? '')
    const isOwn = new URL(address.origin).hostname.endsWith(`.${resource?.hostname}`)
    if (resource?.protocol === 'https:' && isOwn) return resource.origin
    throw refused('it asks for a token that is for another service')
  }

  function toBody({ status, text }: Answer): Record<string, unknown> {
    if (status === 200) return parse(text)
    if (isPassing(status)) throw away(`it answers with status ${status}`)
    throw refused(`status ${status}, ${wordsOf(text)}`)
  }

  function away(why: string): Error {
    return new Error(`The key vault ${address.origin} cannot be read: ${why}.`)
  }

  function refused(why: string): ConfigError {
    return problem(`cannot be read: ${why}.`)
  }

  function problem(text: string): ConfigError {
    return new ConfigError([
      { option: 'ENTRANCE_SECRET', problem: `${secret} ${text}`, cure: CURE },
    ])
  }

  return {
    problem,
    async versions() {
      const found: VaultVersion[] = []
      let next: unknown = `${secret}/versions?api-version=${API_VERSION}&maxresults=25`
      for (let pages = 0; typeof next === 'string' && next && pages < MAX_PAGES; pages++) {
        // The next page is named by the vault: of itself, and of no other place.
        if (URL.parse(next)?.origin !== address.origin) throw refused('it leads to another host')
        const page = await get(next)
        found.push(...[page.value].flat().flatMap((item) => toVersion(item, secret)))
        next = page.nextLink
      }
      return found
    },
    async value(id) {
      const { value } = await get(`${id}?api-version=${API_VERSION}`)
      if (typeof value !== 'string') throw problem('has a version without a value.')
      return value
    },
  }
}

type Answer = { readonly status: number; readonly text: string; readonly challenge: string }

async function ask(doFetch: typeof fetch, url: string, init: RequestInit = {}): Promise<Answer> {
  const signal = AbortSignal.timeout(TIMEOUT)
  try {
    const response = await doFetch(url, { ...init, redirect: 'error', signal })
    const challenge = response.headers.get('www-authenticate') ?? ''
    return { status: response.status, challenge, text: await readText(response) }
  } catch (cause) {
    throw new Error(`${new URL(url).origin} is not answering: ${messageOf(cause)}.`, { cause })
  }
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > MAX_BYTES) throw new Error('the answer is too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function toVersion(item: unknown, secret: string): VaultVersion[] {
  const { id, attributes } = (item ?? {}) as { id?: unknown; attributes?: Record<string, unknown> }
  const isOwn = typeof id === 'string' && /^[\w-]{1,64}$/.test(id.slice(secret.length + 1))
  if (!isOwn || !id.toLowerCase().startsWith(`${secret.toLowerCase()}/`)) return []
  const { enabled, created, nbf } = attributes ?? {}
  return [
    {
      id,
      isEnabled: enabled === true,
      createdAt: Number(created ?? 0) * 1000,
      notBefore: nbf === undefined ? undefined : Number(nbf) * 1000,
    },
  ]
}

function isPassing(status: number): boolean {
  return status === 408 || status === 429 || status >= 500
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

/** What the other side says of itself, in a few words. */
function wordsOf(text: string): string {
  const { error, error_description } = parse(text)
  const said = error_description ?? (error as { message?: unknown } | undefined)?.message ?? error
  return typeof said === 'string' ? said.slice(0, 200).replace(/[\p{C}\p{Z}]+/gu, ' ') : 'no reason'
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  // `fetch` says no more than that it failed; why is behind it.
  return error.cause instanceof Error && error.cause.message ? error.cause.message : error.message
}
