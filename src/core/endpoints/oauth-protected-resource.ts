import { json, PUBLIC } from '../../http/responses.ts'
import type { Context } from '../context.ts'
import type { Site } from '../site.ts'

/**
 * Protected resource metadata (RFC 9728 §2): which authorization server guards the MCP endpoint.
 * Clients ask for all the scopes that stand here; what a tool needs besides, its challenge says.
 */
export function oauthProtectedResource(_request: Request, site: Site, context: Context): Response {
  const { config } = context
  return json(
    {
      resource: site.resource,
      authorization_servers: [site.issuer],
      scopes_supported: [config.scope],
      bearer_methods_supported: ['header'],
      resource_name: config.name,
      ...(config.frontDoor && { resource_documentation: `${site.issuer}/` }),
    },
    200,
    PUBLIC,
  )
}
