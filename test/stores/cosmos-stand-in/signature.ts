import { createHmac } from 'node:crypto'

/** What a request is about, as its signature names it. */
export type Resource = { readonly type: string; readonly link: string }

/** Seconds that a request's date may be off. */
const SKEW = 15 * 60

/**
 * Whether the Authorization header is what the master key gives for this request: type, version and
 * HMAC-SHA256 over verb, resource type, resource link and date, each on a line, the link as it is.
 */
export function isSigned(
  key: string,
  verb: string,
  { type, link }: Resource,
  headers: { date: string; authorization: string },
): boolean {
  const { date, authorization } = headers
  if (!(Math.abs(Date.parse(date) - Date.now()) / 1000 <= SKEW)) return false
  const text = `${verb.toLowerCase()}\n${type}\n${link}\n${date.toLowerCase()}\n\n`
  const mac = createHmac('sha256', Buffer.from(key, 'base64')).update(text).digest('base64')
  return decodeURIComponent(authorization) === `type=master&ver=1.0&sig=${mac}`
}
