import type { Admission } from './admission.ts'
import type { Audit } from './audit.ts'
import type { Barred } from './barred.ts'
import type { ClaimsChallenges } from './claims-challenges.ts'
import type { ClientAssertions } from './clients/client-assertion.ts'
import type { Clients } from './clients/clients.ts'
import type { DocumentSource } from './clients/document-source.ts'
import type { RedirectPolicy } from './clients/redirect-uri.ts'
import type { Consents } from './consents.ts'
import type { Entra } from './entra/entra.ts'
import type { Grants } from './grants/grant.ts'
import type { Config } from './options.ts'
import type { Revocations } from './protected-resource/revocations.ts'
import type { RateLimiter } from './rate-limit.ts'
import type { Seen } from './seen.ts'
import type { Site } from './site.ts'
import type { SpentTransactions } from './spent-transactions.ts'
import type { AccessTokens } from './tokens/access-token.ts'

/** What outlives a request; made once by `createEntrance`. */
export type Context = {
  readonly config: Config
  readonly clients: Clients
  readonly documents: DocumentSource
  readonly assertions: ClientAssertions
  readonly accessTokens: AccessTokens
  readonly grants: Grants
  readonly consents: Consents
  readonly challenges: ClaimsChallenges
  readonly revocations: Revocations
  readonly barred: Barred
  readonly seen: Seen
  readonly entra: Entra
  readonly admission: Admission
  readonly spent: SpentTransactions
  /** The renewals under way in this process, by grant. */
  readonly renewals: Map<string, Promise<unknown>>
  readonly limiter: RateLimiter
  readonly redirectPolicy: RedirectPolicy
  /** Writes to the audit log, with the address of the request that is being answered. */
  readonly audit: Audit
}

/** One URL's answer. What it throws leaves in the way that its route says. */
export type Endpoint = (
  request: Request,
  site: Site,
  context: Context,
) => Promise<Response> | Response
