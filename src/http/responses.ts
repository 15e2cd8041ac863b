/** Headers of every answer that must not be kept: it is made for one requester. */
export const NO_STORE: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  pragma: 'no-cache',
}

/** Headers of a public document, short-lived enough for a changed configuration to arrive. */
export const PUBLIC: Readonly<Record<string, string>> = { 'cache-control': 'public, max-age=300' }

/** A JSON response, not to be stored unless the headers say otherwise. */
export function json(
  body: unknown,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      ...('cache-control' in headers ? {} : NO_STORE),
      'content-type': 'application/json',
      'x-content-type-options': 'nosniff',
      ...headers,
    },
  })
}

/** A redirect of the browser: 302, or 303 after a form so that the next request is a GET. */
export function redirect(
  location: string,
  cookies: readonly string[] = [],
  status = 302,
): Response {
  const headers = new Headers({ ...NO_STORE, location, 'referrer-policy': 'same-origin' })
  for (const cookie of cookies) headers.append('set-cookie', cookie)
  return new Response(null, { status, headers })
}
