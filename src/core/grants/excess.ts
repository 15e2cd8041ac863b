import { type Grant, personOf, type Revoking, revokeGrant } from './grant.ts'

/** How many sign-ins one person has with one client at most: more than anybody has computers. */
export const MAX_SIGN_INS = 100

/**
 * Ends the sign-ins of a person with a client that are too many, the one that was renewed longest ago
 * first. With other clients nothing ends: each of those a person has allowed by hand.
 */
export async function endExcess({ user, client }: Grant, revoking: Revoking): Promise<void> {
  const person = personOf(user)
  // At each sign-in: opening what a person has takes as long as the rest of it.
  if (!(await revoking.grants.mayExceed(MAX_SIGN_INS, person, client.digest))) return
  const held = await revoking.grants.list(person, client.digest)
  const redeemed = held.filter(({ grant }) => grant.generation > 0)
  if (redeemed.length <= MAX_SIGN_INS) return
  const renewedAt = ({ rotatedAt, createdAt }: Grant) => rotatedAt ?? createdAt
  const oldest = redeemed.toSorted((a, b) => renewedAt(a.grant) - renewedAt(b.grant))
  const message = `The person has more than ${MAX_SIGN_INS} sign-ins with this client; the oldest ends.`
  for (const one of oldest.slice(0, redeemed.length - MAX_SIGN_INS)) {
    await revokeGrant(one, { reason: 'too many sign-ins', message }, revoking)
  }
}
