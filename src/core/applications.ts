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
  const held = Map.groupBy(grants, ({ grant }) => grant.client.digest)
  const answered = Map.groupBy(consents, ({ client }) => client.digest)
  return [...new Set([...held.keys(), ...answered.keys()])]
    .map((digest) => toApplication(digest, held.get(digest) ?? [], answered.get(digest) ?? []))
    .toSorted((a, b) => lastUse(b) - lastUse(a))
}

function toApplication(
  digest: string,
  grants: readonly HeldGrant[],
  consents: readonly Consent[],
): Application {
  const all = [...grants.map(({ grant }) => grant), ...consents]
  const since = inOrder(grants.map(({ grant }) => grant.createdAt))
  const renewed = inOrder(grants.map(({ grant }) => grant.rotatedAt ?? grant.createdAt))
  return {
    digest,
    name: all.find(({ client }) => client.name)?.client.name,
    redirectUris: unique(all.map(({ redirectUri }) => redirectUri)),
    scopes: unique(all.flatMap(({ scope }) => scope.split(' '))),
    since: since[0],
    lastRenewed: renewed.at(-1),
    grants,
    consents,
  }
}

function lastUse({ lastRenewed, consents }: Application): number {
  return lastRenewed ?? inOrder(consents.map(({ answeredAt }) => answeredAt)).at(-1) ?? 0
}

/** Not by `Math.min(...)`: there may be more of them than a call takes arguments. */
function inOrder(times: readonly number[]): number[] {
  return times.toSorted((a, b) => a - b)
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)]
}
