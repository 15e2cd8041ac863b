// Enough people to sign in: one of them with hundreds of sign-ins would be nobody there is.
import { randomUUID } from 'node:crypto'

/** How many there are: each signs in a few times in a measurement. */
const COUNT = 500

/** Adds people to an emulator's directory, by its control API; gives their object ids. */
export async function addPeople(emulator: {
  readonly authority: string
  readonly tenantId: string
}): Promise<string[]> {
  const { authority, tenantId } = emulator
  const users = Array.from({ length: COUNT }, (_, i) => ({
    id: randomUUID(),
    tenantId,
    userPrincipalName: `person${i}@entrance.example`,
    displayName: `Person ${i}`,
  }))
  const response = await fetch(`${authority}/_emulator/directory`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ users }),
  })
  if (!response.ok) throw new Error(`The emulator takes no people: ${await response.text()}`)
  return users.map(({ id }) => id)
}
