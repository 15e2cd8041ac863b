import { wantsPage } from '../../http/accept.ts'
import { offeredClients } from '../clients/offered-clients.ts'
import type { Context } from '../context.ts'
import { frontDoorPage } from '../pages/front-door-page.ts'
import type { Site } from '../site.ts'

/**
 * Where people come in who have only the server's address. It says what the configuration says, and
 * nothing of anybody who uses it.
 */
export function frontDoor(request: Request, site: Site, context: Context): Response {
  const { config, redirectPolicy } = context
  if (!wantsPage(request)) return inWords(config.name, site)
  return frontDoorPage({
    serverName: config.name,
    resource: site.resource,
    clients: offeredClients(site, config, redirectPolicy),
    registration: config.registration.mode,
    account: ACCOUNTS.get(config.entra.tenantId) ?? 'your work or school account',
    // Cookies belong to the configured host.
    appsAddress: `${config.site.issuer}/auth/apps`,
  })
}

/** By what stands in a tenant's place. */
const ACCOUNTS: ReadonlyMap<string, string> = new Map([
  ['common', 'your work, school or personal Microsoft account'],
  ['consumers', 'your personal Microsoft account'],
])

/** For who asks with a program. */
function inWords(name: string, { issuer, resource }: Site): Response {
  const text = `${name}: an MCP server.\nMCP address: ${resource}\nHow to connect: open ${issuer}/ in a browser.\n`
  return new Response(text, {
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'x-robots-tag': 'noindex',
      'cache-control': 'no-cache',
      vary: 'Accept',
    },
  })
}
