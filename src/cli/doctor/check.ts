import type { ConfigProblem } from '../../core/errors.ts'
import type { EntraCredential } from '../../index.ts'
import type { Environment, ServeSettings } from '../env.ts'
import type { OperatorSession, TokenSource } from '../graph/operator-token.ts'
import type { Terminal } from '../terminal.ts'
import type { Answer } from './ask.ts'
import type { Finding } from './finding.ts'

/** What a check may use of the world. */
export type DoctorIo = {
  readonly env: Environment
  readonly fetch: typeof fetch
  /** Milliseconds since the epoch, by this machine's clock. */
  readonly now: () => number
  readonly signal: AbortSignal
  /** Where a device code is shown. */
  readonly terminal: Terminal
  /** Whose rights to read the registration with. */
  readonly token?: TokenSource | undefined
  /** Who has signed in for it so far. */
  readonly session?: OperatorSession
}

/** The app registration, and where it is. */
export type EntraFacts = {
  readonly authority: string
  /** As it is configured: an id, or a domain. */
  readonly tenantId: string
  readonly clientId: string
  readonly credential: EntraCredential
  /** The emulator of this machine stands in. */
  readonly isEmulator: boolean
}

/** The part of Entra's metadata that later checks use. */
export type MetadataFacts = {
  readonly issuer: string
  readonly authorization_endpoint: string
  readonly token_endpoint: string
  readonly jwks_uri: string
  readonly msgraph_host: string | undefined
}

/** What is known so far; each check adds to it. */
export type Facts = {
  readonly settings: ServeSettings
  readonly problems: readonly ConfigProblem[]
  /** The public base URL, without a trailing slash. */
  readonly url: string
  /** Whether it was given by `--public`: then it has to answer. */
  readonly isPublic: boolean
  readonly entra: EntraFacts
  /** Nothing of Entra is set here: a deployment is looked at from a machine that is not its own. */
  readonly isUnconfigured: boolean
  /** What the login host answered for its metadata. */
  readonly discovery?: Answer
  readonly metadata?: MetadataFacts
  /** The tenant's id, also where a domain is configured. */
  readonly tenantGuid?: string
  /** What the server answered at /health. */
  readonly health?: Answer
  /** Where the challenge says that its metadata is. */
  readonly resourceMetadata?: string
  /** The server's metadata (RFC 8414). */
  readonly server?: Readonly<Record<string, unknown>>
  /** The client that was registered at the server. */
  readonly registeredClient?: string
}

/** What a check found, and what later ones may build on. */
export type Outcome = {
  readonly findings: readonly Finding[]
  readonly facts?: Partial<Facts>
}

/** One thing that is looked at. */
export type Check = {
  /** A name that scripts can rely on: `entra.authorize`. */
  readonly id: string
  /** What it looks at. */
  readonly title: string
  /** The faults it can find, each with what it means. */
  readonly faults: ReadonlyMap<string, string>
  /** Checks that must have ended well for this one to mean anything. */
  readonly needs?: readonly string[]
  /** Checks, or findings, whose error would show again here. */
  readonly unless?: readonly string[]
  readonly run: (facts: Facts, io: DoctorIo) => Outcome | Promise<Outcome>
}
