import { CommandError } from '../exit-codes.ts'
import type { Graph } from '../graph/graph-client.ts'
import type { DesiredOperator } from '../registration/types.ts'

/** The people whom these sign-in names and object ids are of. */
export async function findOperators(
  graph: Graph,
  names: readonly string[],
  isSignedIn: boolean,
): Promise<DesiredOperator[]> {
  const found: DesiredOperator[] = []
  for (const name of new Set(names)) found.push(await findOperator(graph, name, isSignedIn))
  return found
}

async function findOperator(
  graph: Graph,
  name: string,
  isSignedIn: boolean,
): Promise<DesiredOperator> {
  if (!isSignedIn) {
    throw new CommandError(`Nobody is signed in, so ${name} cannot be looked up.`, {
      cure: 'Sign in with az login or --token device-code; or leave out --operator, and have them assigned later.',
    })
  }
  const path = `/users/${encodeURIComponent(name)}?$select=id,userPrincipalName`
  const user = await graph.get<{ id?: string; userPrincipalName?: string }>(path)
  if (user?.id !== undefined) return { id: user.id, name: user.userPrincipalName ?? user.id }
  throw new CommandError(`There is nobody called ${name} in this tenant.`, {
    cure: 'Give a sign-in name or an object id; a group or a program is assigned in the portal.',
  })
}
