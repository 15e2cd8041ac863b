/** Who may change the emulator: nobody but who is on this machine and means it. */
export type Access = {
  /** Whether only this machine can reach it. */
  readonly isLocal: boolean
  /** Whether the control API is switched on. */
  readonly hasControl: boolean
}

const LOCAL: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

/**
 * Whether a request came by a name of this machine. A page elsewhere whose own name was made to
 * point here (DNS rebinding) would otherwise be of the same origin.
 */
export function isByOwnName(request: Request, origin: string): boolean {
  const { hostname } = new URL(request.url)
  return LOCAL.has(hostname) || hostname === new URL(origin).hostname
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
