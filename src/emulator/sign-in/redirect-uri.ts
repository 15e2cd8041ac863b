import { aadsts } from '../aadsts-error.ts'
import { type Behaviour, DEFAULT_BEHAVIOUR } from '../behaviour.ts'
import type { Application } from '../directory.ts'

/** The platform an address is registered under; it decides what kind of client redeems the code. */
export type Platform = 'web' | 'spa' | 'publicClient'

/** A redirect URI that the application really has. */
export type MatchedRedirectUri = { readonly uri: string; readonly platform: Platform }

const PLATFORMS: readonly Platform[] = ['web', 'spa', 'publicClient']
const LOOPBACK = /^(http:\/\/(?:localhost|127\.0\.0\.1))(?::\d+)?((?:[/?].*)?)$/

/** Finds the registered address that the request means; without one, there is nowhere to redirect to. */
export function matchRedirectUri(
  client: Application,
  sent: string | undefined,
  behaviour: Pick<Behaviour, 'loopbackPortIgnoredFor127'> = DEFAULT_BEHAVIOUR,
): MatchedRedirectUri {
  const registered = PLATFORMS.flatMap((platform) =>
    client[platform].redirectUris.map((uri) => ({ uri, platform })),
  )
  const first = registered[0]
  if (!first) throw aadsts(sent === undefined ? 900971 : 500113)
  if (sent === undefined) return first
  const match =
    registered.find(({ uri }) => uri === sent) ??
    registered.find(({ uri }) => isSameButPort(uri, sent, behaviour))
  if (!match) throw aadsts(50011, { uri: sent, id: client.appId })
  return { uri: sent, platform: match.platform }
}

/** Where a sign-in for a device ends: the emulator's own page. */
export function deviceRedirectUri(origin: string): string {
  return `${origin}/devicelogin/signed-in`
}

function isSameButPort(
  registered: string,
  sent: string,
  { loopbackPortIgnoredFor127 }: Pick<Behaviour, 'loopbackPortIgnoredFor127'>,
): boolean {
  if (!loopbackPortIgnoredFor127 && sent.startsWith('http://127.')) return false
  const a = LOOPBACK.exec(registered)
  const b = LOOPBACK.exec(sent)
  return a !== null && b !== null && a[1] === b[1] && a[2] === b[2]
}
