import { timingSafeEqual } from 'node:crypto'
import { aadsts } from '../aadsts-error.ts'
import { findAuthority } from '../authority.ts'
import type { Call } from '../call.ts'
import { findUserByName } from '../lookup.ts'
import { required } from '../params.ts'
import { authenticate } from '../tokens/client-authentication.ts'

/**
 * `password`: no token comes of it. A password alone is not enough at any tenant that asks for a
 * second factor, which nobody can show here; who asks learns that, or that the password is wrong.
 */
export async function passwordGrant(call: Call): Promise<never> {
  const authority = findAuthority(call.sts, call.segment)
  if (authority.kind === 'common' || authority.kind === 'consumers') throw aadsts(9001023)
  const { client } = await authenticate(call, undefined)
  const upn = required(call.form, 'username')
  const password = required(call.form, 'password')
  const user = findUserByName(call.sts.directory, upn)
  if (!user) throw aadsts(50034, { upn, tenant: authority.name })
  if (user.password === null || !isEqual(user.password, password)) throw aadsts(50126)
  throw aadsts(50076, { id: client.appId })
}

function isEqual(expected: string, sent: string): boolean {
  const [a, b] = [Buffer.from(expected), Buffer.from(sent)]
  return a.length === b.length && timingSafeEqual(a, b)
}
