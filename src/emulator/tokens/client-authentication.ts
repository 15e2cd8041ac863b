import { aadsts } from '../aadsts-error.ts'
import type { Application } from '../directory.ts'
import { optional, required } from '../params.ts'
import type { Platform } from '../sign-in/redirect-uri.ts'

/** What a token request says about who sends it. */
export type ClientCredentials = {
  readonly clientId: string
  readonly secret: string | undefined
  readonly hasAssertion: boolean
}

/** How the client showed who it is: `azpacr`, where 0 is not at all and 1 by secret. */
export type Authentication = '0' | '1'

/** Reads client id and secret, from the body or from a Basic header. */
export function readCredentials(request: Request, form: URLSearchParams): ClientCredentials {
  const basic = readBasic(request.headers.get('authorization'))
  const hasAssertion = optional(form, 'client_assertion') !== undefined
  if (basic) return { ...basic, hasAssertion }
  return {
    clientId: required(form, 'client_id'),
    secret: optional(form, 'client_secret'),
    hasAssertion,
  }
}

/** Checks the credentials against the registration; the platform says whether there must be any. */
export function authenticateClient(
  client: Application,
  platform: Platform | undefined,
  { secret, hasAssertion }: ClientCredentials,
  now: number,
): Authentication {
  if (isPublic(client, platform)) {
    if (secret !== undefined || hasAssertion) throw aadsts(700025)
    return '0'
  }
  // No application here has a certificate.
  if (hasAssertion) throw aadsts(700027)
  if (secret === undefined) throw aadsts(7000218)
  const found = client.passwordCredentials.find(({ secretText }) => secretText === secret)
  if (!found) throw aadsts(7000215, { id: client.appId })
  if (Date.parse(found.endDateTime) <= now) throw aadsts(7000222, { id: client.appId })
  return '1'
}

/** Only a page redeems what belongs to a single-page app, and nothing else. */
export function checkOrigin(request: Request, platform: Platform | undefined, hasSecret: boolean) {
  const origin = request.headers.get('origin')
  if (origin !== null && (platform !== 'spa' || hasSecret)) throw aadsts(9002326, { origin })
  if (origin === null && platform === 'spa') throw aadsts(9002327)
}

function isPublic(client: Application, platform: Platform | undefined): boolean {
  if (platform !== undefined) return platform !== 'web'
  return client.isFallbackPublicClient
}

function readBasic(header: string | null): { clientId: string; secret: string } | undefined {
  const encoded = /^basic +([a-z0-9+/=]+)$/i.exec(header ?? '')?.[1]
  if (encoded === undefined) return undefined
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon < 0) return undefined
  return { clientId: decodeForm(text.slice(0, colon)), secret: decodeForm(text.slice(colon + 1)) }
}

/** RFC 6749 §2.3.1: both parts are form-encoded before they are joined. */
function decodeForm(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}
