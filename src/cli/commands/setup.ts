import { CommandError, Interrupted, UsageError } from '../exit-codes.ts'
import { isConflict } from '../graph/graph-error.ts'
import { confirm } from '../prompt.ts'
import { ReadTooEarly } from '../registration/apply-differences.ts'
import { applyPlan } from '../setup/apply-plan.ts'
import { notePlan, renderCalls } from '../setup/plan.ts'
import { reportOutcome, writeRequest } from '../setup/report.ts'
import { makePlan, openRun, type Plan, type Run, type SetupTools } from '../setup/run.ts'
import { resolveSetupSettings, type SetupOptions } from '../setup/settings.ts'
import { verifyRegistration } from '../setup/verify.ts'
import { printableJson, type Terminal } from '../terminal.ts'

/** How long what was written may take to be read, in milliseconds. */
const PATIENCE = 120_000
const STEP = 5000

/**
 * `entrance setup`: makes the app registration, or mends it, and tells the server of it. A second
 * run changes nothing; one that was stopped half way is taken up where it stopped.
 */
export async function setup(
  options: SetupOptions,
  terminal: Terminal,
  tools: SetupTools = {},
): Promise<void> {
  const settings = resolveSetupSettings(options, terminal.env)
  try {
    const run = await openRun(settings, options, terminal, tools)
    for (let waited = 0; ; waited += STEP) {
      try {
        return await runOnce(run)
      } catch (error) {
        if (!(error instanceof ReadTooEarly)) throw error
        // A name that is taken all that time is not another run's.
        if (waited >= PATIENCE) throw isConflict(error.cause) ? error.cause : error
      }
      terminal.note('It has been changed meanwhile: looking again in some seconds.')
      await run.wait(STEP)
    }
  } catch (error) {
    if (terminal.signal.aborted) throw new Interrupted()
    throw error
  }
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
  const done = await applyPlan(run, plan)
  const { clientId } = done
  const remaining = new Set([...done.denied, ...plan.left].map(({ id }) => id))
  const missing = clientId
    ? await verifyRegistration({
        ...{ graph, clientId, remaining, desired: done.desired, tried: done.tried },
        ...{
          authority: operator.authority,
          signal: terminal.signal,
          note: terminal.note,
          wait: run.wait,
        },
      })
    : []
  reportOutcome(run, plan, done, missing)
}

/** What would be sent; nothing of it is secret. */
function showCalls({ graph, options, terminal }: Run, { todo }: Plan): void {
  const calls = todo.flatMap((one) => one.calls)
  if (options.json) terminal.out(printableJson({ calls }))
  else if (calls.length > 0) terminal.out(renderCalls(todo, graph.origin))
  terminal.note('Nothing was changed.')
}

const GO_ON = 'go on'

async function askToGoOn(
  { options, terminal, mayAsk, organization, answers }: Run,
  { todo }: Plan,
): Promise<void> {
  if (todo.length === 0 || options.yes || answers.get(GO_ON)) return
  if (!mayAsk) {
    throw new UsageError(
      'Nobody is here to agree to it.',
      'Give --yes to go on, or --dry-run to see every call.',
    )
  }
  if (!(await confirm(`Do this in ${organization}?`, terminal))) {
    throw new CommandError('Nothing was changed.')
  }
  answers.set(GO_ON, true)
}
