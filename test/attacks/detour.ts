import { generateKeyPairSync, sign } from 'node:crypto'

/** Answers a request to Entra in its place; `go` asks the real one. */
export type Intercept = (
  url: URL,
  go: () => Promise<Response>,
  init?: RequestInit,
) => Promise<Response>

/** A way to Entra on which somebody stands: what passes can be changed, held up or lost. */
export type Detour = {
  readonly fetch: typeof fetch
  /** Undefined lets everything through. */
  intercept: Intercept | undefined
}

export function createDetour(): Detour {
  const detour: Detour = {
    intercept: undefined,
    fetch: (input, init) => {
      const url = new URL(input instanceof Request ? input.url : input)
      const go = () => fetch(input, init)
      return detour.intercept ? detour.intercept(url, go, init) : go()
    },
  }
  return detour
}

export type Claims = Record<string, unknown>

/** What is changed in Entra's answers; a token that is changed is signed anew with a key that Entra vouches for. */
export type Forgery = {
  access_token?: (claims: Claims) => Claims
  id_token?: (claims: Claims) => Claims
  header?: Claims
  /** Of the whole token response, after the tokens. */
  response?: (body: Claims) => Claims
  metadata?: (document: Claims) => Claims
}

/**
 * An Entra that says what a test has it say, in its own voice. `key` is what its key document says of
 * the key besides.
 */
export function createForger(key: Claims = {}): { readonly fetch: typeof fetch; forgery: Forgery } {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'forger', use: 'sig', ...key }
  const detour = createDetour()
  const forger = { fetch: detour.fetch, forgery: {} as Forgery }

  function forge(token: unknown, edit: ((claims: Claims) => Claims) | undefined): unknown {
    if (!edit || typeof token !== 'string') return token
    const header = { alg: 'RS256', typ: 'JWT', kid: 'forger', ...forger.forgery.header }
    const claims = edit(decode(token.split('.')[1] ?? ''))
    const input = [header, claims].map(encode).join('.')
    return `${input}.${sign('sha256', Buffer.from(input), privateKey).toString('base64url')}`
  }

  detour.intercept = async ({ pathname }, go) => {
    const response = await go()
    const { forgery } = forger
    if (pathname.endsWith('/keys')) {
      const { keys } = (await response.json()) as { keys: object[] }
      return Response.json({ keys: [...keys, jwk] })
    }
    if (pathname.endsWith('/openid-configuration') && forgery.metadata) {
      return Response.json(forgery.metadata((await response.json()) as Claims))
    }
    if (!pathname.endsWith('/token') || !response.ok) return response
    const body = (await response.json()) as Claims
    const forged = {
      ...body,
      access_token: forge(body.access_token, forgery.access_token),
      id_token: forge(body.id_token, forgery.id_token),
    }
    return Response.json(forgery.response ? forgery.response(forged) : forged)
  }
  return forger
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function decode(text: string): Claims {
  return JSON.parse(Buffer.from(text, 'base64url').toString())
}
