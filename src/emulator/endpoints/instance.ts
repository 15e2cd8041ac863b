import { aadsts } from '../aadsts-error.ts'
import type { Call } from '../call.ts'
import { required } from '../params.ts'

/** GET /common/discovery/instance: which hosts are one cloud, as MSAL asks. */
export function instance(call: Call): Response {
  const { origin } = call.sts
  required(call.query, 'api-version')
  const asked = required(call.query, 'authorization_endpoint')
  const endpoint = URL.canParse(asked) ? new URL(asked) : undefined
  if (endpoint?.origin !== origin) throw aadsts(50049)
  const tenant = endpoint.pathname.split('/')[1] || 'common'
  const { host } = new URL(origin)
  return Response.json({
    tenant_discovery_endpoint: `${origin}/${tenant}/v2.0/.well-known/openid-configuration`,
    'api-version': '1.1',
    metadata: [{ preferred_network: host, preferred_cache: host, aliases: [host] }],
  })
}
