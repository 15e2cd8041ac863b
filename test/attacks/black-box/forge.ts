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

const KID = 'forger'

/** An Entra whose tokens say something else; its keys vouch for them unless they are foreign. */
export async function forgeTokens({ claims, idToken, isForeign }: Forgery): Promise<Tamper> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: KID, use: 'sig', alg: 'RS256' }

  function forge(token: unknown, changes: Claims): unknown {
    const jwt = typeof token === 'string' ? readJwt(token) : undefined
    if (!jwt) return token
    const header = isForeign ? jwt.header : { ...jwt.header, kid: KID }
    const input = [header, { ...jwt.claims, ...changes }].map(encode).join('.')
    return `${input}.${sign('sha256', Buffer.from(input), privateKey).toString('base64url')}`
  }

  return async ({ pathname }, answer) => {
    const response = await answer()
    if (!response.ok) return response
    if (pathname.endsWith('/keys') && !isForeign) {
      const { keys } = (await response.json()) as { keys: object[] }
      return Response.json({ keys: [...keys, jwk] })
    }
    if (!pathname.endsWith('/token')) return response
    const body = (await response.json()) as Claims
    return Response.json({
      ...body,
      access_token: forge(body.access_token, { ...claims }),
      id_token: forge(body.id_token, { ...claims, ...idToken }),
    })
  }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
