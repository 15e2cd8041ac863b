import { randomInt } from 'node:crypto'

/** The headers of every answer of the token endpoint, errors included. */
export function tokenHeaders(traceId: string): Headers {
  const headers = new Headers({
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store, no-cache',
    pragma: 'no-cache',
    expires: '-1',
    'x-content-type-options': 'nosniff',
    'x-ms-request-id': traceId,
    'x-ms-ests-server': '2.1.0 - EMULATOR',
  })
  // Entra sets cookies here too; clients have no use for them.
  headers.append(
    'set-cookie',
    `fpc=${crypto.randomUUID()}; path=/; secure; HttpOnly; SameSite=None`,
  )
  headers.append('set-cookie', 'x-ms-gateway-slice=estsfd; path=/; secure; samesite=none; httponly')
  headers.append('set-cookie', 'stsservicecookie=estsfd; path=/; secure; samesite=none; httponly')
  return headers
}

/** Answers with success. */
export function tokenResponse(body: object): Response {
  return Response.json(body, { headers: tokenHeaders(crypto.randomUUID()) })
}

/**
 * Entra draws the lifetime of an access token, in seconds: 60 to 90 minutes; or 20 to 28 hours where
 * client and API go by continuous access evaluation.
 */
export function drawLifetime(isContinuous = false): number {
  return isContinuous ? randomInt(72_000, 100_800) : randomInt(3600, 5400)
}
