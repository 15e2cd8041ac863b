import { OAuthError } from './errors.ts'

/** A form of another site cannot answer for the person, whatever it knows. */
export function checkFormOrigin(request: Request, ownOrigin: string): void {
  const origin = request.headers.get('origin')
  const site = request.headers.get('sec-fetch-site')
  const isForeign = origin !== null && origin !== ownOrigin
  if (!isForeign && (site === null || isOwnDoing(request))) return
  throw new OAuthError('access_denied', 'The answer came from another site than the page.')
}

/**
 * Whether the browser says that no other site led here: the address was typed in, opened by a
 * program, or a link of our own. Of a chain of redirects the header tells the worst, so it covers
 * `/authorize` where `/consent` looks; a browser that does not send it says nothing.
 */
export function isOwnDoing(request: Request): boolean {
  const site = request.headers.get('sec-fetch-site')
  return site === 'none' || site === 'same-origin'
}

/** Whether the browser only looks ahead, and nobody is there yet to see the answer. */
export function isPrefetch(request: Request): boolean {
  const purposes = ['sec-purpose', 'purpose', 'x-moz'].map((name) => request.headers.get(name))
  return purposes.some((purpose) => /\bprefetch\b|\bpreview\b/i.test(purpose ?? ''))
}
