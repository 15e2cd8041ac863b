import { decodeJwt } from 'jose'
import { aadsts } from '../../aadsts-error.ts'
import type { Call } from '../../call.ts'
import { optional, required } from '../../params.ts'
import { signIdToken } from '../../tokens/sign.ts'
import { token } from '../token.ts'
import { toScope } from './scope.ts'

type Body = Readonly<Record<string, unknown>>

/** POST /{tenant}/oauth2/token: the same grants for clients that name their API by `resource`. */
export async function tokenV1(call: Call): Promise<Response> {
  const response = await token({ ...call, form: translate(call.form) })
  const resource = optional(call.form, 'resource')
  const body = await rewrite(call, (await response.json()) as Body, resource)
  return Response.json(body, { headers: response.headers })
}

function translate(form: URLSearchParams): URLSearchParams {
  const translated = new URLSearchParams(form)
  const isOfApplication = optional(form, 'grant_type') === 'client_credentials'
  if (isOfApplication) required(form, 'resource')
  translated.delete('resource')
  const oidc = isOfApplication ? '' : 'openid profile offline_access'
  // Without a resource, a refresh token serves the API that it was first issued for.
  if (form.has('resource')) translated.set('scope', toScope(form, oidc))
  else translated.delete('scope')
  return translated
}

/** Numbers become texts, scopes get short, and the id_token is one of version 1.0. */
async function rewrite(call: Call, body: Body, resource: string | undefined): Promise<Body> {
  const { access_token, id_token, refresh_token, scope, expires_in } = body
  const { aud, exp = 0, nbf = 0 } = decodeJwt(String(access_token))
  const short = String(scope ?? '')
    .split(' ')
    .map((name) => name.slice(name.lastIndexOf('/') + 1))
  return {
    token_type: body.token_type,
    ...(scope !== undefined && { scope: short.join(' ') }),
    expires_in: String(expires_in),
    ext_expires_in: String(expires_in),
    expires_on: String(exp),
    not_before: String(nbf),
    resource: resource ?? aud,
    access_token,
    ...(refresh_token !== undefined && { refresh_token }),
    ...(id_token !== undefined && { id_token: await toVersion1(call, String(id_token)) }),
  }
}

async function toVersion1(call: Call, idToken: string): Promise<string> {
  const { preferred_username, ...claims } = decodeJwt(idToken)
  const [key] = await call.sts.signingKeys()
  if (!key) throw aadsts(50000)
  return signIdToken(key, {
    ...claims,
    iss: `${call.sts.cloud.stsOrigin}/${claims.tid}/`,
    amr: ['pwd'],
    ipaddr: '127.0.0.1',
    unique_name: preferred_username,
    upn: preferred_username,
    ver: '1.0',
  })
}
