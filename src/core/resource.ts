import { OAuthError } from './errors.ts'
import type { Config } from './options.ts'
import { withoutTrailingSlashes } from './site.ts'

/**
 * Checks the resource indicators of a request (RFC 8707 §2): each is the URL of our MCP endpoint,
 * by any of its names; there may be none. They are compared as URLs are, for clients vary the case
 * of the host, a slash at the end, and even the number of slashes after the scheme. A query is not
 * looked at: ours has none, and clients keep what somebody has typed in behind it.
 */
export function checkResource(requested: readonly string[], config: Config): void {
  const ours = new Set([...config.sites.values()].map((site) => normalise(site.resource)))
  const foreign = requested.find((text) => !ours.has(normalise(text) ?? ''))
  if (foreign === undefined) return
  throw new OAuthError(
    'invalid_target',
    `The resource '${foreign.slice(0, 200)}' is not served here; ${config.site.resource} is.`,
  )
}

function normalise(text: string): string | undefined {
  const url = URL.parse(text)
  if (!url || url.hash || url.username || url.password) return undefined
  return `${url.origin}${withoutTrailingSlashes(url.pathname)}`
}
