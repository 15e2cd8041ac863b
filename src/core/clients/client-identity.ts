import { LOOPBACK_HOSTS } from '../site.ts'
import type { Client } from './client.ts'

/** What can honestly be said about who asks, and where the code would go. */
export type ClientIdentity = {
  readonly standing: Standing
  /** The part of the redirect URI that says who receives the code: a host, or a scheme. */
  readonly receiver: string
  /** Whether that is a program on the person's own computer, or somebody elsewhere. */
  readonly isLocal: boolean
  /** What the address means. */
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
  const { protocol, host, hostname } = url
  const standing = standingOf(client, url)
  if (protocol === 'http:' && LOOPBACK_HOSTS.has(hostname)) {
    return { standing, receiver: host, isLocal: true, meaning: LOOPBACK, isWarning: false }
  }
  if (protocol !== 'https:') {
    return { standing, receiver: protocol, isLocal: true, meaning: SCHEME, isWarning: true }
  }
  const isWarning = standing.rank === 'unverified'
  return { standing, receiver: host, isLocal: false, meaning: ELSEWHERE, isWarning }
}

/** A redirect URI in a few words, for a list. */
export function describeAddress(redirectUri: string): string {
  const { protocol, host, hostname } = new URL(redirectUri)
  if (protocol === 'http:' && LOOPBACK_HOSTS.has(hostname)) return `${hostname} (this computer)`
  return protocol === 'https:' ? host : `${protocol} (a program on this computer)`
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
