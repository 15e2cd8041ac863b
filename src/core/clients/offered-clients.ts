import { type Client, type ClientId, clientsFor } from '../../connect/clients.ts'
import type { Config } from '../options.ts'
import type { Site } from '../site.ts'
import { REDIRECT_URI_PRESETS } from './presets.ts'
import { isUsable, type RedirectPolicy } from './redirect-uri.ts'

type OfferingConfig = Pick<Config, 'name' | 'isLoopback'>

/** How to connect each client that the configuration lets in and that can get here. */
export function offeredClients(
  { resource }: Site,
  { name, isLoopback }: OfferingConfig,
  policy: RedirectPolicy,
): readonly Client[] {
  const clients = clientsFor({ name, url: resource })
  return clients.filter(({ id, isHosted }) => isLetIn(id, policy) && !(isHosted && isLoopback))
}

/**
 * Whether one of its redirect URIs may be used; where one has a scheme of its own, that one: it is
 * what the client goes by on somebody's computer.
 */
function isLetIn(id: ClientId, policy: RedirectPolicy): boolean {
  const all = REDIRECT_URI_PRESETS.get(id) ?? []
  const own = all.filter((uri) => !/^https?:/.test(uri))
  // On loopback they stand for any port: one that is this server's own is not meant.
  const others = { ...policy, ownOrigins: new Set<string>() }
  return (own.length > 0 ? own : all).some((uri) => isUsable(uri, others))
}
