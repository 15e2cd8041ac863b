import { OAuthError } from './errors.ts'
import type { Config } from './options.ts'
import { withoutTrailingSlashes } from './site.ts'

/**
 * Checks a resource indicator (RFC 8707 §2): absent, or the URL of our MCP endpoint by any of its
 * names. It is compared as URLs are, for clients vary the case of the host, a slash at the end,
 * and even the number of slashes after the scheme.
 */
export function checkResource(requested: string | undefined, config: Config): void {
  if (requested === undefined) return
  const asked = normalise(requested)
  const isOurs = [...config.sites.values()].some((site) => normalise(site.resource) === asked)
  if (asked !== undefined && isOurs) return
  throw new OAuthError(
    'invalid_target',
    `The resource '${requested.slice(0, 200)}' is not served here; ${config.site.resource} is.`,
  )
}

function normalise(text: string): string | undefined {
  const url = URL.parse(text)
  if (!url || url.hash || url.username || url.password) return undefined
  return `${url.origin}${withoutTrailingSlashes(url.pathname)}${url.search}`
}
