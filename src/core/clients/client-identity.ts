import type { Client } from './client.ts'
import { isLoopbackUri } from './redirect-uri.ts'

/** What can honestly be said about who asks, and where the code would go. */
export type ClientIdentity = {
  readonly standing: Standing
  /** What the redirect URI means for the person. */
  readonly meaning: string
  /** Whether it is time to look twice. */
  readonly isWarning: boolean
}

/** How well the application is known here. */
export type Standing = {
  readonly rank: 'verified' | 'known' | 'unverified'
  readonly label: string
  readonly text: string
}

/**
 * Judges a client for the consent page. A name is always the application's own claim. A domain
 * vouches for an application only where the code goes to that domain: anybody on this computer can
 * name somebody else's published description and listen on loopback.
 */
export function identifyClient(
  client: Pick<Client, 'source' | 'client_id'>,
  redirectUri: string,
): ClientIdentity {
  const url = new URL(redirectUri)
  const standing = standingOf(client, url)
  if (isLoopbackUri(redirectUri)) return { standing, meaning: LOOPBACK, isWarning: false }
  if (url.protocol !== 'https:') return { standing, meaning: SCHEME, isWarning: true }
  return { standing, meaning: ELSEWHERE, isWarning: standing.rank === 'unverified' }
}

/** Who receives what is sent to a redirect URI, whatever the port; for a list. */
export function receiverOf(redirectUri: string): { receiver: string; isLocal: boolean } {
  const { protocol, host, hostname } = new URL(redirectUri)
  if (protocol === 'https:') return { receiver: host, isLocal: false }
  return { receiver: protocol === 'http:' ? hostname : protocol, isLocal: true }
}

const LOOPBACK =
  'This address is on your own computer. Any program that runs here could be asking, under any name.'
const SCHEME =
  'The program on your computer that opens addresses of this kind receives them, whichever it is. Continue only if you recognise it.'
const ELSEWHERE = 'They leave your computer for this host. Continue only if you recognise it.'

function standingOf({ source, client_id }: Pick<Client, 'source' | 'client_id'>, url: URL) {
  if (source === 'configured') return KNOWN
  const publisher = source === 'document' ? URL.parse(client_id) : null
  return publisher?.protocol === 'https:' && publisher.origin === url.origin
    ? verified(publisher.host)
    : UNVERIFIED
}

/** The redirect goes to the very host that published the description: that much has been checked. */
function verified(domain: string): Standing {
  const text = `${domain} published the description of this application, and the address below is on the same host. This has been verified.`
  return { rank: 'verified', label: `Published by ${domain}`, text }
}

const KNOWN: Standing = {
  rank: 'known',
  label: 'Known application',
  text: "This server's operator has entered it by hand.",
}

const UNVERIFIED: Standing = {
  rank: 'unverified',
  label: 'Unverified application',
  text: 'Nobody has checked who it is: it chose its name itself.',
}
