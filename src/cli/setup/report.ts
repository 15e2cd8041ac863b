import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { CommandError } from '../exit-codes.ts'
import type { Application, Difference } from '../registration/types.ts'
import { commandName, printableJson } from '../terminal.ts'
import type { Done } from './apply-plan.ts'
import { renderRequest, TITLE } from './request-document.ts'
import type { Plan, Run } from './run.ts'
import { toVariables } from './variables.ts'
import type { Problem } from './verify.ts'

/** Where the request is written that nobody has given a name for. */
const REQUEST = 'entrance-request.md'

/** Writes down what an administrator is to do. */
export function writeRequest(
  path: string,
  { settings, operator, graph }: Run,
  { desired, application, credential }: Plan,
  differences: readonly Difference[],
): void {
  const { tenantId } = operator
  const variables = toVariables(settings, '', tenantId, credential.variable)
  const text = renderRequest({
    desired,
    differences,
    application,
    tenantId: tenantId || undefined,
    origin: graph.origin,
    variables,
  })
  try {
    const isThere = existsSync(path)
    if (isThere && !readFileSync(path, 'utf8').startsWith(TITLE))
      throw new Error('it is there, and no request')
    writeFileSync(path, text)
  } catch (cause) {
    throw new CommandError(`${path} cannot be written: ${(cause as Error).message}.`, {
      cure: 'Name another file with --output.',
      cause,
    })
  }
}

/** Says how it ended; fails where something is left that keeps people out. */
export function reportOutcome(run: Run, plan: Plan, done: Done, missing: readonly Problem[]): void {
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
    missing: missing.map(({ text }) => text),
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
  const ready = terminal.formatNote('green', 'Ready:')
  terminal.note(`${ready} people can sign in. Start the server with${startOf(run)}`)
}

/** The server reads `.env`; another file is for whatever starts it elsewhere. */
function startOf({ settings, terminal: { env } }: Run): string {
  if (settings.envFile !== '.env') return ` the variables of ${settings.envFile}.`
  return `: ${env.ENTRANCE_CLONE === '1' ? 'npm start' : `${commandName(env)} serve`}`
}

function throwWhatIsLeft(
  request: string | undefined,
  { left }: Plan,
  missing: readonly Problem[],
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
  const passes = missing.some((one) => one.passes)
  throw new CommandError(missing.map(({ text }) => text).join('\n'), {
    cure: passes ? 'Run it again in some minutes: it goes on where it stopped.' : undefined,
  })
}
