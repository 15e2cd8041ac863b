/** The names by which a process on this machine is reached. `[::1]` as a URL's hostname has it. */
export const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

/** The addresses a client sees, all derived from one issuer string. */
export type Site = {
  /** The issuer, without a trailing slash: byte for byte the same wherever it appears. */
  readonly issuer: string
  readonly origin: string
  /** Path prefix of every endpoint; empty at the root. */
  readonly prefix: string
  /** The protected resource (RFC 9728 §1.2): the MCP endpoint's URL. */
  readonly resource: string
  /** Where its metadata is (RFC 9728 §3.1: the well-known part goes before the path). */
  readonly resourceMetadata: string
}

/** The site of a base URL as reached by `host`. */
export function siteFor(base: URL, host: string, path: string): Site {
  const origin = `${base.protocol}//${host}`
  const prefix = withoutTrailingSlashes(base.pathname)
  return {
    issuer: `${origin}${prefix}`,
    origin,
    prefix,
    resource: `${origin}${prefix}${path}`,
    resourceMetadata: `${origin}/.well-known/oauth-protected-resource${prefix}${path}`,
  }
}

/**
 * Cuts the slashes off the end. The pattern that comes to mind takes the square of the time where
 * there is a long run of them elsewhere.
 */
export function withoutTrailingSlashes(text: string): string {
  let end = text.length
  while (text[end - 1] === '/') end--
  return text.slice(0, end)
}

/** Whether an issuer is this server, by one of its names: another may have the same key. */
export function isOwnIssuer(
  issuer: string,
  { sites }: { readonly sites: ReadonlyMap<string, { readonly issuer: string }> },
): boolean {
  return [...sites.values()].some((site) => site.issuer === issuer)
}

/** The site by which a request came: its own on a loopback deployment, else the configured one. */
export function siteOf(
  config: { site: Site; sites: ReadonlyMap<string, Site> },
  host: string | null | undefined,
): Site {
  return config.sites.get(host?.toLowerCase() ?? '') ?? config.site
}
