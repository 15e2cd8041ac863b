import type { Client } from './client.ts'
import { isLoopbackUri } from './redirect-uri.ts'

/** What can honestly be said about who asks, and where the code would go. */
export type ClientIdentity = {
  /** Whether this server has any description of it; an adopted client brings none. */
  readonly isKnownHere: boolean
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
export function identifyClient(client: Described, redirectUri: string): ClientIdentity {
  const url = new URL(redirectUri)
  const standing = standingOf(client, url)
  const known = { isKnownHere: client.source !== 'adopted', standing }
  if (isLoopbackUri(redirectUri)) return { ...known, meaning: LOOPBACK, isWarning: false }
  if (url.protocol !== 'https:') return { ...known, meaning: SCHEME, isWarning: true }
  return { ...known, meaning: ELSEWHERE, isWarning: standing.rank === 'unverified' }
}

type Described = Pick<Client, 'source' | 'client_id' | 'client_name'>

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

function standingOf({ source, client_id, client_name }: Described, url: URL): Standing {
  if (source === 'configured') return KNOWN
  if (source === 'adopted') return unverified('Nobody has checked who it is.')
  const publisher = source === 'document' ? URL.parse(client_id) : null
  return publisher?.protocol === 'https:' && publisher.origin === url.origin
    ? verified(publisher.host)
    : unverified(client_name ? NAMED : NAMELESS)
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

const NAMED = 'Nobody has checked who it is: it chose its name itself.'
const NAMELESS = 'Nobody has checked who it is, and it gave no name.'

function unverified(text: string): Standing {
  return { rank: 'unverified', label: 'Unverified application', text }
}
