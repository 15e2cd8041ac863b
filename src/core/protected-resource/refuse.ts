import { wantsPage } from '../../http/accept.ts'
import type { Config } from '../options.ts'
import { mcpAddressPage } from '../pages/front-door-page.ts'
import { type Refusal, toResponse } from './challenge.ts'

/**
 * The answer of the gate. A client hears the same as ever; who has opened the address in a browser
 * has the challenge with a page that leads to the front door, where there is one.
 */
export function refuse(
  request: Request,
  refusal: Refusal,
  { frontDoor, name, site }: Pick<Config, 'frontDoor' | 'name' | 'site'>,
): Response {
  // First what costs nothing: clients POST.
  if (!frontDoor || request.method !== 'GET') return toResponse(refusal)
  const isChallenge = refusal.status === 401 && !request.headers.has('authorization')
  if (!isChallenge || !wantsPage(request)) return toResponse(refusal)
  const page = { serverName: name, frontDoor: `${site.prefix}/` }
  return mcpAddressPage(page, refusal.status, refusal.headers)
}
