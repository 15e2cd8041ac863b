/** Who may change the emulator: nobody but who is on this machine and means it. */
export type Access = {
  /** Whether only this machine can reach it. */
  readonly isLocal: boolean
  /** Whether the control API is switched on. */
  readonly hasControl: boolean
}

const LOCAL: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

/**
 * Whether a request came by a name of this machine or of the emulator, or one below it, such as an
 * External ID tenant's. A page elsewhere whose own name was made to point here (DNS rebinding) would
 * otherwise be of the same origin, and sign in as anybody.
 */
export function isByOwnName(request: Request, origin: string): boolean {
  const { hostname } = new URL(request.url)
  const own = new URL(origin).hostname
  const isBelow = hostname.endsWith('.localhost') || hostname.endsWith(`.${own}`)
  return LOCAL.has(hostname) || hostname === own || isBelow
}

/** What a request by another name is told. */
export function refuseForeignName(request: Request): Response {
  const { hostname } = new URL(request.url)
  const text = `The emulator is not called ${hostname}. Ask for localhost, or give it that name: --hostname ${hostname}.\n`
  const headers = {
    'content-type': 'text/plain; charset=utf-8',
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
  }
  return new Response(text, { status: 421, headers })
}

/**
 * Whether a browser says that the request is another site's. Programs say nothing, and a person who
 * types an address is told by `none`.
 */
export function isCrossSite(request: Request): boolean {
  const site = request.headers.get('sec-fetch-site')
  if (site !== null) return site !== 'same-origin' && site !== 'none'
  const origin = request.headers.get('origin')
  return origin !== null && origin !== new URL(request.url).origin
}
