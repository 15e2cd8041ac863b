import type { JWTPayload } from 'jose'

/** What Entra's tokens say of a person's place in the tenant. What they leave open is undefined. */
export type Standing = {
  /** By the optional claim `acct`. */
  readonly isGuest: boolean | undefined
  /** Object ids, in lower case, of all groups that the registration has tokens name. */
  readonly groups: ReadonlySet<string> | undefined
}

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Reads it from the claims of verified tokens: the access token's word, and where it has none the other's. */
export function standingOf(access: JWTPayload, identity: JWTPayload | undefined): Standing {
  return {
    isGuest: readGuest(access.acct) ?? readGuest(identity?.acct),
    groups: readGroups(access) ?? readGroups(identity),
  }
}

/** 0 is a member, 1 a guest; anything else says nothing. */
function readGuest(acct: unknown): boolean | undefined {
  return acct === 0 || acct === '0' ? false : acct === 1 || acct === '1' ? true : undefined
}

/**
 * Above 200 groups the token names none, and points at a place to ask instead (`_claim_names`); it
 * is never followed. Registrations can have groups named otherwise, which a stranger could imitate.
 */
function readGroups(claims: JWTPayload | undefined): ReadonlySet<string> | undefined {
  const groups = claims?.groups
  const isComplete = claims?._claim_names === undefined && claims?.hasgroups === undefined
  if (!isComplete || !Array.isArray(groups)) return undefined
  if (!groups.every((group) => typeof group === 'string' && GUID.test(group))) return undefined
  return new Set(groups.map((group: string) => group.toLowerCase()))
}
