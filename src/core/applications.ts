import type { Consent } from './consents.ts'
import type { HeldGrant } from './grants/grant.ts'

/** Everything that one application has of a person. */
export type Application = {
  /** Digest of its client_id. */
  readonly digest: string
  readonly name: string | undefined
  readonly redirectUris: readonly string[]
  readonly scopes: readonly string[]
  /** Seconds since the epoch: of its oldest sign-in; undefined where there is none. */
  readonly since: number | undefined
  /** When it last renewed its access, or got it. */
  readonly lastRenewed: number | undefined
  readonly grants: readonly HeldGrant[]
  readonly consents: readonly Consent[]
}

/** A person's grants and remembered answers by application, the one in use last first. */
export function groupApplications(
  grants: readonly HeldGrant[],
  consents: readonly Consent[],
): Application[] {
  const digests = [
    ...grants.map(({ grant }) => grant.client.digest),
    ...consents.map(({ client }) => client.digest),
  ]
  return [...new Set(digests)]
    .map((digest) =>
      toApplication(
        digest,
        grants.filter(({ grant }) => grant.client.digest === digest),
        consents.filter(({ client }) => client.digest === digest),
      ),
    )
    .toSorted((a, b) => lastUse(b) - lastUse(a))
}

function toApplication(
  digest: string,
  grants: readonly HeldGrant[],
  consents: readonly Consent[],
): Application {
  const all = [...grants.map(({ grant }) => grant), ...consents]
  const since = grants.map(({ grant }) => grant.createdAt)
  const renewed = grants.map(({ grant }) => grant.rotatedAt ?? grant.createdAt)
  return {
    digest,
    name: all.find(({ client }) => client.name)?.client.name,
    redirectUris: unique(all.map(({ redirectUri }) => redirectUri)),
    scopes: unique(all.flatMap(({ scope }) => scope.split(' '))),
    since: since.length > 0 ? Math.min(...since) : undefined,
    lastRenewed: renewed.length > 0 ? Math.max(...renewed) : undefined,
    grants,
    consents,
  }
}

function lastUse({ lastRenewed, consents }: Application): number {
  return lastRenewed ?? Math.max(...consents.map(({ answeredAt }) => answeredAt))
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)]
}
