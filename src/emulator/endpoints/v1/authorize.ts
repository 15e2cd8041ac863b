import type { Call } from '../../call.ts'
import { authorize } from '../authorize.ts'
import { toScope } from './scope.ts'

/** GET or POST /{tenant}/oauth2/authorize: a sign-in of a client that names its API by `resource`. */
export function authorizeV1(call: Call): Promise<Response> {
  const isPost = call.request.method === 'POST'
  const params = translate(isPost ? call.form : call.query)
  return authorize({ ...call, ...(isPost ? { form: params } : { query: params }) })
}

function translate(params: URLSearchParams): URLSearchParams {
  const translated = new URLSearchParams(params)
  translated.delete('resource')
  translated.set('scope', toScope(params, 'openid profile offline_access'))
  return translated
}
