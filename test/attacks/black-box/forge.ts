import { generateKeyPairSync, sign } from 'node:crypto'
import { type Claims, readJwt } from './client.ts'
import type { Tamper } from './entra.ts'

export type Forgery = {
  /** Claims of both tokens that are to differ. */
  readonly claims?: Claims
  /** Claims of the ID token alone. */
  readonly idToken?: Claims
  /** Signed with a key that Entra does not vouch for, instead of one that it does. */
  readonly isForeign?: boolean
}

/** Says something else in Entra's voice. */
export type Forger = {
  /** The public key, which Entra's document has to name. */
  readonly jwk: object
  /** An Entra whose tokens say what they are told. */
  tamper(forgery: Forgery): Tamper
}

const KID = 'forger'

export function createForger(): Forger {
  const trusted = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const foreign = generateKeyPairSync('rsa', { modulusLength: 2048 })

  function forge(token: unknown, changes: Claims, isForeign: boolean): unknown {
    const jwt = typeof token === 'string' ? readJwt(token) : undefined
    if (!jwt) return token
    const { privateKey } = isForeign ? foreign : trusted
    const input = [
      { ...jwt.header, kid: KID },
      { ...jwt.claims, ...changes },
    ]
      .map(encode)
      .join('.')
    return `${input}.${sign('sha256', Buffer.from(input), privateKey).toString('base64url')}`
  }

  return {
    jwk: { ...trusted.publicKey.export({ format: 'jwk' }), kid: KID, use: 'sig', alg: 'RS256' },
    tamper:
      ({ claims, idToken, isForeign = false }) =>
      async ({ pathname }, answer) => {
        const response = await answer()
        if (!response.ok || !pathname.endsWith('/token')) return response
        const body = (await response.json()) as Claims
        return Response.json({
          ...body,
          access_token: forge(body.access_token, { ...claims }, isForeign),
          id_token: forge(body.id_token, { ...claims, ...idToken }, isForeign),
        })
      },
  }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
