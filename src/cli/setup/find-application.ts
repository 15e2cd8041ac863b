import { CommandError } from '../exit-codes.ts'
import type { Graph } from '../graph/graph-client.ts'
import { choose, confirm } from '../prompt.ts'
import {
  findByClientId,
  findByDisplayName,
  findByUniqueName,
} from '../registration/read-registration.ts'
import type { Application, DesiredRegistration } from '../registration/types.ts'
import { printableLine, type Terminal } from '../terminal.ts'
import type { SetupSettings } from './settings.ts'

/** Whether a person may be asked, as `--yes` and `--json` have it. */
export type Asking = { readonly mayAsk: boolean }

/**
 * The application that is meant: by its client id; else the one that an earlier run made; else the
 * one of that name, if a person says that it is theirs. Undefined: there is none yet.
 */
export async function findApplication(
  graph: Graph,
  settings: Pick<SetupSettings, 'clientId' | 'envFile'>,
  desired: Pick<DesiredRegistration, 'displayName' | 'uniqueName'>,
  { mayAsk }: Asking,
  terminal: Terminal,
): Promise<Application | undefined> {
  const { clientId } = settings
  if (clientId !== undefined) {
    const named = await findByClientId(graph, clientId)
    if (named) return named
    throw notThere(clientId)
  }
  const made = await findByUniqueName(graph, desired.uniqueName)
  if (made) return made
  const called = await findByDisplayName(graph, desired.displayName)
  // Another run may have made it meanwhile.
  const ours = called.find(({ uniqueName }) => uniqueName === desired.uniqueName)
  if (ours) return ours
  const [first, ...others] = called
  if (!first) return undefined
  if (!mayAsk) throw ambiguous(desired.displayName, [first, ...others])
  return askWhich(desired.displayName, [first, ...others], terminal)
}

/** What the directory has under that name was made by somebody else, for who knows what. */
async function askWhich(
  name: string,
  found: readonly Application[],
  terminal: Terminal,
): Promise<Application> {
  const [first] = found as [Application, ...Application[]]
  if (found.length === 1) {
    terminal.note(
      `There is an application of that name, which setup did not make: ${describe(first)}`,
    )
    if (await confirm('Use it, and add what is missing?', terminal)) return first
    throw ambiguous(name, found)
  }
  const choices = found.map((one) => ({ label: describe(one), value: one }))
  const question = `${found.length} applications are called "${name}". Which one is this server's?`
  const chosen = await choose(question, choices, terminal)
  if (chosen) return chosen
  throw ambiguous(name, found)
}

function ambiguous(name: string, found: readonly Application[]): CommandError {
  const many = found.length === 1 ? 'An application is' : `${found.length} applications are`
  const list = found.map((one) => `  ${describe(one)}`).join('\n')
  return new CommandError(`${many} called "${name}" already, and setup did not make it:\n${list}`, {
    cure: 'Say which one is meant with --client-id, or give --name another name to have a new one made.',
  })
}

function notThere(clientId: string): CommandError {
  return new CommandError(`There is no application ${clientId} in this tenant.`, {
    cure: 'Is the tenant the right one (--tenant-id)? To have a new one made, remove ENTRA_PROXY_AZURE_CLIENT_ID.',
  })
}

function describe({ appId, displayName, createdDateTime, web }: Application): string {
  const since = createdDateTime ? `made ${createdDateTime.slice(0, 10)}` : 'of unknown age'
  const where = web.redirectUris[0] ?? 'no redirect URI'
  return printableLine(`${appId}  "${displayName}", ${since}, ${where}`)
}
