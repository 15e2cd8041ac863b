import { setTimeout as delay } from 'node:timers/promises'
import { CommandError } from '../exit-codes.ts'
import { type Authority, findAuthority } from '../graph/authority.ts'
import { createGraph, type Graph } from '../graph/graph-client.ts'
import { isDenied } from '../graph/graph-error.ts'
import { type Operator, type OperatorSession, signInOperator } from '../graph/operator-token.ts'
import { osUser } from '../os-user.ts'
import { confirm } from '../prompt.ts'
import { compareRegistration } from '../registration/compare-registration.ts'
import { readRegistration } from '../registration/read-registration.ts'
import type { Application, DesiredRegistration, Difference } from '../registration/types.ts'
import { printableLine, type Terminal } from '../terminal.ts'
import { type PreparedCredential, prepareCredential } from './credential.ts'
import { toDesired } from './desired.ts'
import { findApplication } from './find-application.ts'
import { findOperators } from './find-operators.ts'
import type { SetupOptions, SetupSettings } from './settings.ts'

export type SetupTools = {
  /** How it waits; a test does so in no time. */
  readonly wait?: (time: number) => Promise<void>
  /** Who has signed in already, where another command runs this one. */
  readonly session?: OperatorSession
}

/** What one call of the command works with. */
export type Run = {
  readonly settings: SetupSettings
  readonly options: SetupOptions
  readonly terminal: Terminal
  readonly operator: Operator
  readonly graph: Graph
  /** The tenant's name. */
  readonly organization: string
  /** Whether a person may be asked. */
  readonly mayAsk: boolean
  /** What the person has said so far, by what was asked. */
  readonly answers: Map<string, boolean>
  readonly wait: (time: number) => Promise<void>
}

/** Signs the operator in, and says as whom and where. */
export async function openRun(
  settings: SetupSettings,
  options: SetupOptions,
  terminal: Terminal,
  tools: SetupTools,
): Promise<Run> {
  const { signal, note } = terminal
  const wait = tools.wait ?? ((time: number) => delay(time, undefined, { signal }))
  const authority = await findAuthority(
    settings.authority,
    settings.tenant ?? 'organizations',
    signal,
  )
  const mayAsk = terminal.isInteractive && !options.yes && !options.json
  const isRequest = options.output !== undefined && options.token === undefined
  const { session } = tools
  const signIn = { ...options, mayAsk: mayAsk && !isRequest, session, wait }
  const operator = await signInOperator(authority, signIn, terminal).catch((error: unknown) => {
    // Who has no rights at all may still ask for what a new application needs.
    if (isRequest && error instanceof CommandError && !signal.aborted) return nobody(authority)
    throw error
  })
  const { token } = operator
  const graph = createGraph({ origin: operator.authority.graph, token, signal, note, wait })
  const organization = token === '' ? '' : await nameOf(graph, operator)
  const who = `Signed in as ${operator.name} (${operator.source}) to ${organization}, tenant ${operator.tenantId}.`
  note(token === '' ? 'Nobody is signed in: this is for a tenant with no such application.' : who)
  const answers = new Map<string, boolean>()
  return { settings, options, terminal, operator, graph, organization, mayAsk, answers, wait }
}

/** In the place of an operator, where a request is all that is wanted. */
function nobody(authority: Authority): Operator {
  return {
    authority,
    name: osUser() ?? 'somebody',
    token: '',
    source: 'env',
    tenantId: authority.tenantId ?? '',
  }
}

async function nameOf(graph: Graph, { tenantId }: Operator): Promise<string> {
  type Organization = { displayName?: string }
  const path = '/organization?$select=id,displayName'
  const [tenant] = await graph.list<Organization>(path).catch((error: unknown) => {
    if (isDenied(error)) return []
    throw error
  })
  return printableLine(String(tenant?.displayName ?? tenantId)).slice(0, 100)
}

/** What is there, what is wanted, and what has to be done for it. */
export type Plan = {
  readonly application: Application | undefined
  readonly desired: DesiredRegistration
  readonly credential: PreparedCredential
  readonly todo: readonly Difference[]
  /** What only `--override` changes. */
  readonly left: readonly Difference[]
}

/** Reads what is there, and compares it with what is wanted. */
export async function makePlan(run: Run): Promise<Plan> {
  const { settings, options, terminal, operator, graph } = run
  const operators = await findOperators(graph, settings.operators, operator.token !== '')
  const wanted = { ...toDesired(settings, options, operator, undefined), operators }
  const found =
    operator.token === ''
      ? noApplication(settings)
      : await findApplication(graph, settings, wanted, run, terminal)
  const credential = await prepareCredential(settings, options, operator, found, terminal.signal)
  const desired = { ...wanted, credential: credential.desired }
  const withAssignments = operators.length > 0
  const registration =
    found && (await readRegistration(graph, { clientId: found.appId, withAssignments }))
  const { origin } = graph
  const all = compareRegistration(registration, desired, { origin })
  const overridden = new Set<Difference>()
  for (const one of all.filter(({ isOverride }) => isOverride)) {
    if (options.override || (run.mayAsk && (await askToOverride(one, run)))) {
      overridden.add(one)
    }
  }
  const isTodo = (one: Difference) => !one.isOverride || overridden.has(one)
  return {
    application: registration?.application,
    desired,
    credential,
    todo: all.filter(isTodo),
    left: all.filter((one) => !isTodo(one)),
  }
}

/** What cannot be looked at cannot be asked to be changed. */
function noApplication({ clientId }: SetupSettings): undefined {
  if (clientId === undefined) return
  throw new CommandError(`Nobody is signed in, so ${clientId} cannot be looked at.`, {
    cure: 'Sign in with az login or --token device-code; to ask for a new application, leave out its id.',
  })
}

async function askToOverride({ id, what, why, calls }: Difference, run: Run): Promise<boolean> {
  const former = run.answers.get(id)
  if (former !== undefined) return former
  run.terminal.note(printableLine(`${what} ${why}`))
  const answer = await confirm(`${calls[0]?.why ?? what}?`, run.terminal)
  run.answers.set(id, answer)
  return answer
}
