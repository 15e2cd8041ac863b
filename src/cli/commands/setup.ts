import { writeFileSync } from 'node:fs'
import { updateEnvFile } from '../env-file.ts'
import { CommandError, Interrupted, UsageError } from '../exit-codes.ts'
import { findAuthority } from '../graph/authority.ts'
import { createGraph, type Graph } from '../graph/graph-client.ts'
import { isDenied } from '../graph/graph-error.ts'
import { type Operator, signInOperator } from '../graph/operator-token.ts'
import { confirm } from '../prompt.ts'
import { AlreadyThere, applyDifferences } from '../registration/apply-differences.ts'
import { compareRegistration } from '../registration/compare-registration.ts'
import { readRegistration } from '../registration/read-registration.ts'
import type { Application, DesiredRegistration, Difference } from '../registration/types.ts'
import { type PreparedCredential, prepareCredential } from '../setup/credential.ts'
import { toDesired } from '../setup/desired.ts'
import { findApplication } from '../setup/find-application.ts'
import { notePlan, renderCalls } from '../setup/plan.ts'
import { renderRequest } from '../setup/request-document.ts'
import { resolveSetupSettings, type SetupOptions, type SetupSettings } from '../setup/settings.ts'
import { noteChanges, toVariables } from '../setup/variables.ts'
import { verifyRegistration } from '../setup/verify.ts'
import { commandName, printableJson, printableLine, type Terminal } from '../terminal.ts'

/**
 * `entrance setup`: makes the app registration, or mends it, and tells the server of it. A second
 * run changes nothing; one that was stopped half way is taken up where it stopped.
 */
export async function setup(options: SetupOptions, terminal: Terminal): Promise<void> {
  const settings = resolveSetupSettings(options, terminal.env)
  try {
    const run = await openRun(settings, options, terminal)
    // Of two runs at the same time the later one looks again at what the other has made.
    for (let round = 1; ; round++) {
      try {
        return await runOnce(run)
      } catch (error) {
        if (!(error instanceof AlreadyThere) || round >= 3) throw error
      }
    }
  } catch (error) {
    if (terminal.signal.aborted) throw new Interrupted()
    throw error
  }
}

/** What one call of the command works with. */
type Run = {
  readonly settings: SetupSettings
  readonly options: SetupOptions
  readonly terminal: Terminal
  readonly operator: Operator
  readonly graph: Graph
  /** The tenant's name. */
  readonly organization: string
  /** Whether a person may be asked. */
  readonly mayAsk: boolean
}

async function openRun(
  settings: SetupSettings,
  options: SetupOptions,
  terminal: Terminal,
): Promise<Run> {
  const { signal, note } = terminal
  const authority = await findAuthority(
    settings.authority,
    settings.tenant ?? 'organizations',
    signal,
  )
  const mayAsk = terminal.isInteractive && !options.yes && !options.json
  const operator = await signInOperator(authority, { ...options, mayAsk }, terminal)
  const { origin, token } = { origin: operator.authority.graph, token: operator.token }
  const graph = createGraph({ origin, token, signal, note })
  type Organization = { displayName?: string }
  const [tenant] = await graph.list<Organization>('/organization?$select=id,displayName')
  const organization = printableLine(tenant?.displayName ?? operator.tenantId)
  note(
    `Signed in as ${operator.name} (${operator.source}) to ${organization}, tenant ${operator.tenantId}.`,
  )
  return { settings, options, terminal, operator, graph, organization, mayAsk }
}

/** What is there, what is wanted, and what has to be done for it. */
type Plan = {
  readonly application: Application | undefined
  readonly desired: DesiredRegistration
  readonly credential: PreparedCredential
  readonly todo: readonly Difference[]
  /** What only `--override` changes. */
  readonly left: readonly Difference[]
}

async function runOnce(run: Run): Promise<void> {
  const { options, terminal, graph, operator } = run
  const plan = await makePlan(run)
  notePlan(plan.todo, plan.left, terminal)
  if (options.dryRun) return showCalls(run, plan)
  if (options.output !== undefined) {
    writeRequest(options.output, run, plan, plan.todo)
    terminal.note(`Give ${options.output} to an administrator. Nothing was changed.`)
    return
  }
  await askToGoOn(run, plan)
  const done = await apply(run, plan)
  const { clientId } = done
  const remaining = new Set([...done.denied, ...plan.left].map(({ id }) => id))
  const missing = clientId
    ? await verifyRegistration({
        ...{ graph, clientId, remaining, desired: done.desired, tried: done.tried },
        ...{ authority: operator.authority, signal: terminal.signal, note: terminal.note },
      })
    : []
  report(run, plan, done, missing)
}

async function makePlan(run: Run): Promise<Plan> {
  const { settings, options, terminal, operator, graph } = run
  const wanted = toDesired(settings, options, operator, undefined)
  const found = await findApplication(graph, settings, wanted, run, terminal)
  const credential = await prepareCredential(settings, options, operator, found, terminal.signal)
  const desired = { ...wanted, credential: credential.desired }
  const registration = found && (await readRegistration(graph, { clientId: found.appId }))
  const { origin } = graph
  const all = compareRegistration(registration, desired, { origin })
  const overridden = new Set<Difference>()
  for (const one of all.filter(({ isOverride }) => isOverride)) {
    if (options.override || (run.mayAsk && (await askToOverride(one, terminal)))) {
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

function askToOverride({ what, why, calls }: Difference, terminal: Terminal): Promise<boolean> {
  terminal.note(`${what} ${why}`)
  return confirm(`${calls[0]?.why ?? what}?`, terminal)
}

/** What would be sent, and what would be written, without anything secret. */
function showCalls({ graph, options, terminal }: Run, { todo }: Plan): void {
  const calls = todo.flatMap((one) => one.calls)
  if (options.json) terminal.out(printableJson({ calls }))
  else if (calls.length > 0) terminal.out(renderCalls(todo, graph.origin))
  terminal.note('Nothing was changed.')
}

async function askToGoOn(
  { options, terminal, mayAsk, organization }: Run,
  { todo }: Plan,
): Promise<void> {
  if (todo.length === 0 || options.yes) return
  if (!mayAsk) {
    throw new UsageError(
      'Nobody is here to agree to it.',
      'Give --yes to go on, or --dry-run to see every call.',
    )
  }
  if (!(await confirm(`Do this in ${organization}?`, terminal))) {
    throw new CommandError('Nothing was changed.')
  }
}

type Done = {
  readonly clientId: string | undefined
  readonly desired: DesiredRegistration
  readonly applied: readonly Difference[]
  /** What this account may not do. */
  readonly denied: readonly Difference[]
  readonly tried: PreparedCredential['tried']
  readonly newSecret: string | undefined
}

/** Does what the account may do; what it may not is for an administrator. */
async function apply(run: Run, plan: Plan): Promise<Done> {
  const { graph, terminal } = run
  const { credential, application } = plan
  const blanks = new Map<string, string>(
    application ? [['$APP', application.appId] as const, ['$OID', application.id] as const] : [],
  )
  const applied: Difference[] = []
  const denied: Difference[] = []
  if (plan.todo.some(({ id }) => id === 'certificate-missing')) credential.keep()
  const given = (blank: string) => {
    // At once: whatever happens next, neither the id nor the secret is lost.
    if (blank === '$APP' || blank === '$SECRET') writeVariables(run, plan, blanks)
  }
  const note = ({ why }: { why: string }) => terminal.note(`${why} …`)
  for (const one of plan.todo) {
    try {
      await applyDifferences(graph, [one], { blanks, note, given })
      applied.push(one)
    } catch (error) {
      if (!isDenied(error)) throw error
      terminal.note(`${terminal.formatNote('yellow', 'Not allowed:')} ${error.message}`)
      denied.push(one)
      // Without it there is nothing to do the rest to.
      if (one.id === 'application-missing') {
        denied.push(...plan.todo.slice(plan.todo.indexOf(one) + 1))
        break
      }
    }
  }
  writeVariables(run, plan, blanks)
  const newSecret = blanks.get('$SECRET')
  const tried = newSecret === undefined ? credential.tried : { secret: newSecret }
  return {
    clientId: blanks.get('$APP'),
    desired: afterNewSecret(plan.desired, newSecret),
    applied,
    denied,
    tried,
    newSecret,
  }
}

/** From now on it is the new secret that has to be there. */
function afterNewSecret(
  desired: DesiredRegistration,
  secret: string | undefined,
): DesiredRegistration {
  const { credential } = desired
  if (secret === undefined || credential?.kind !== 'secret') return desired
  const fresh = { ...credential, secret, isRefused: false, isRenewed: false }
  return { ...desired, credential: fresh }
}

function writeVariables(
  { settings, operator, terminal }: Run,
  { credential }: Plan,
  blanks: ReadonlyMap<string, string>,
): void {
  const clientId = blanks.get('$APP')
  const secret = blanks.get('$SECRET')
  if (clientId === undefined) return
  const { tenantId } = operator
  const variables = new Map([
    ...toVariables(settings, clientId, tenantId, credential.variable, terminal.env),
    ...(secret === undefined ? [] : [['ENTRA_PROXY_AZURE_CLIENT_SECRET', secret] as const]),
  ])
  noteChanges(updateEnvFile(settings.envFile, variables), settings.envFile, terminal)
}

const REQUEST = 'entrance-request.md'

function writeRequest(
  path: string,
  { settings, operator, graph, terminal }: Run,
  { desired, application, credential }: Plan,
  differences: readonly Difference[],
): void {
  const { tenantId } = operator
  const variables = toVariables(settings, '', tenantId, credential.variable, terminal.env)
  const text = renderRequest({
    desired,
    differences,
    application,
    tenantId,
    origin: graph.origin,
    variables,
  })
  try {
    writeFileSync(path, text)
  } catch (cause) {
    throw new CommandError(`${path} cannot be written: ${(cause as Error).message}.`, { cause })
  }
}

/** Says how it ended; fails where something is left that keeps people out. */
function report(run: Run, plan: Plan, done: Done, missing: readonly string[]): void {
  const { options, terminal, operator, settings } = run
  const { clientId, applied, denied, newSecret } = done
  const request = denied.length > 0 ? REQUEST : undefined
  if (request) {
    const id = clientId === undefined ? undefined : { ...plan.application, appId: clientId }
    writeRequest(request, run, { ...plan, application: id as Application | undefined }, denied)
  }
  const result = {
    tenantId: operator.tenantId,
    clientId: clientId ?? null,
    changes: applied.map(({ id }) => id),
    left: plan.left.map(({ id }) => id),
    denied: denied.map(({ id }) => id),
    missing,
    envFile: settings.envFile,
    request: request ?? null,
    ...(options.printSecret && { clientSecret: newSecret ?? settings.secret ?? null }),
  }
  if (options.json) terminal.out(printableJson(result))
  else {
    if (clientId) terminal.out(`Client id  ${clientId}`)
    terminal.out(`Tenant id  ${operator.tenantId}`)
    if (options.printSecret) terminal.out(`Secret     ${result.clientSecret ?? 'none'}`)
  }
  throwWhatIsLeft(request, plan, missing)
  const start = `${commandName(terminal.env)} serve`
  terminal.note(
    `${terminal.formatNote('green', 'Ready:')} people can sign in. Start the server with: ${start}`,
  )
}

function throwWhatIsLeft(
  request: string | undefined,
  { left }: Plan,
  missing: readonly string[],
): void {
  if (request) {
    throw new CommandError('The account may not do all of it.', {
      cure: `Give ${request} to an administrator: it has the steps, commands and calls.`,
    })
  }
  const wrong = left.filter(({ severity }) => severity === 'error')
  if (wrong.length > 0) {
    throw new CommandError(wrong.map(({ what }) => what).join('\n'), {
      cure: 'It is not setup’s to change unasked: give --override, or mend it in the portal.',
    })
  }
  if (missing.length === 0) return
  throw new CommandError(missing.join('\n'), {
    cure: 'Run it again in some minutes: it goes on where it stopped.',
  })
}
