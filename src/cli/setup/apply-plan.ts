import { checkEnvFile, updateEnvFile } from '../env-file.ts'
import { isDenied } from '../graph/graph-error.ts'
import { applyDifferences, fillDifference } from '../registration/apply-differences.ts'
import type { DesiredRegistration, Difference } from '../registration/types.ts'
import { printableLine } from '../terminal.ts'
import type { PreparedCredential } from './credential.ts'
import type { Plan, Run } from './run.ts'
import { noteChanges, toVariables } from './variables.ts'

/** What came of it. */
export type Done = {
  readonly clientId: string | undefined
  readonly desired: DesiredRegistration
  readonly applied: readonly Difference[]
  /** What this account may not do. */
  readonly denied: readonly Difference[]
  readonly tried: PreparedCredential['tried']
  readonly newSecret: string | undefined
}

/** Does what the account may do; what it may not is for an administrator. */
export async function applyPlan(run: Run, plan: Plan): Promise<Done> {
  const { graph, terminal } = run
  const { credential, application } = plan
  const blanks = new Map<string, string>(
    application ? [['$APP', application.appId] as const, ['$OID', application.id] as const] : [],
  )
  const applied: Difference[] = []
  const denied: Difference[] = []
  const gives = plan.todo.flatMap(({ calls }) => calls.map((call) => call.gives))
  if (gives.some((blanks) => blanks?.$APP || blanks?.$SECRET)) checkEnvFile(run.settings.envFile)
  if (plan.todo.some(({ id }) => id === 'certificate-missing')) credential.keep()
  const given = (blank: string) => {
    // At once: it is shown the once, and must not be lost whatever happens next.
    if (blank === '$SECRET') writeVariables(run, plan, blanks)
  }
  const note = ({ why }: { why: string }) => terminal.note(`${printableLine(why)} …`)
  for (const one of plan.todo) {
    try {
      await applyDifferences(graph, [one], { blanks, note, given })
      applied.push(one)
    } catch (error) {
      if (!isDenied(error)) throw error
      terminal.note(
        `${terminal.formatNote('yellow', 'Not allowed:')} ${printableLine(error.message)}`,
      )
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
    // Of what has been made meanwhile, an administrator is told the ids.
    denied: denied.map((one) => fillDifference(one, blanks)),
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
    ...toVariables(settings, clientId, tenantId, credential.variable),
    ...(secret === undefined ? [] : [['ENTRA_PROXY_AZURE_CLIENT_SECRET', secret] as const]),
  ])
  noteChanges(updateEnvFile(settings.envFile, variables), settings, terminal.note)
}
