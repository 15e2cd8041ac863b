import type { ConfigProblem } from '../core/errors.ts'
import { findUnfitFileSystem } from '../files/file-system.ts'
import type { Log } from '../log.ts'
import type { ExpensesSettings } from './expenses-settings.ts'
import type { Environment } from './read-variables.ts'
import type { StoreSettings } from './store-settings.ts'

/** How many servers there are to be, and what speaks for several. */
export type ReplicaSettings = {
  /** What `ENTRANCE_REPLICAS` says; undefined: nobody has said. */
  readonly replicas: number | undefined
  /** A platform that runs several where it is told to, by the variables that it sets. */
  readonly platform: string | undefined
}

const PLATFORMS: readonly (readonly [variable: string, name: string])[] = [
  ['CONTAINER_APP_REPLICA_NAME', 'Azure Container Apps'],
  ['CONTAINER_APP_NAME', 'Azure Container Apps'],
  ['WEBSITE_INSTANCE_ID', 'Azure App Service'],
  ['WEBSITE_SITE_NAME', 'Azure App Service'],
  ['KUBERNETES_SERVICE_HOST', 'Kubernetes'],
]

/** What `ENTRANCE_REPLICAS` and the platform say. */
export function resolveReplicas(env: Environment, problems: ConfigProblem[]): ReplicaSettings {
  const text = env.ENTRANCE_REPLICAS
  const platform = PLATFORMS.find(([variable]) => env[variable])?.[1]
  if (!text) return { replicas: undefined, platform }
  if (/^[1-9]\d{0,3}$/.test(text)) return { replicas: Number(text), platform }
  const problem = `'${text}' is not a number of replicas: a whole number from 1 to 9999 is expected.`
  const cure = 'Write how many servers run beside one another, or leave it out.'
  problems.push({ option: 'ENTRANCE_REPLICAS', problem, cure })
  return { replicas: undefined, platform }
}

type Places = ReplicaSettings & {
  readonly store: StoreSettings
  readonly expenses: ExpensesSettings
}

/** Where replicas would each have files of their own, or a file is where SQLite loses what it confirmed. */
export function findReplicaProblems(settings: Places): ConfigProblem[] {
  const { replicas = 1, store, expenses } = settings
  const several = replicas > 1 ? `${replicas} replicas` : undefined
  const local: ConfigProblem[] = []
  if (several && store.kind === 'sqlite') {
    const problem = `is ${replicas}, and sign-ins are in the file ${store.path}: who signs in at one of ${several} would be a stranger to the others.`
    local.push({ option: 'ENTRANCE_REPLICAS', problem, cure: SHARED_STORE })
  }
  if (several && store.kind !== 'sqlite' && expenses.kind === 'sqlite') {
    const problem = `is ${replicas}, and expenses are in the file ${expenses.path}: each of ${several} would show others.`
    local.push({ option: 'ENTRANCE_REPLICAS', problem, cure: SHARED_EXPENSES })
  }
  return [...local, ...filesOf(settings).flatMap(findShareProblem)]
}

const SHARED_STORE =
  'Set ENTRANCE_STORE to redis://…, postgres://… or cosmos:https://…; or leave ENTRANCE_REPLICAS out where all run on this machine and have the file in common, which works.'

const SHARED_EXPENSES =
  'Set EXPENSES_STORE to postgres://…; or leave ENTRANCE_REPLICAS out where all run on this machine and have the file in common.'

type Place = { readonly option: string; readonly path: string }

function filesOf({ store, expenses }: Places): Place[] {
  return [
    ...(store.kind === 'sqlite' ? [{ option: 'ENTRANCE_STORE', path: store.path }] : []),
    ...(expenses.kind === 'sqlite' ? [{ option: expenses.option, path: expenses.path }] : []),
  ]
}

/** Locks and shared memory are what processes agree by; a share gives neither between machines. */
function findShareProblem({ option, path }: Place): ConfigProblem[] {
  const place = findUnfitFileSystem(path)
  if (!place?.isNetwork) return []
  const problem = `${path} is on a network share (${place.name}), where SQLite can lose or damage what was confirmed.`
  const cure =
    'Name a file on a disk of this machine, or use a shared store: redis://…, postgres://… for ENTRANCE_STORE, postgres://… for EXPENSES_STORE.'
  return [{ option, problem, cure }]
}

/** What may be wrong, and cannot be known from here. */
export function findReplicaDoubts(settings: Places): string[] {
  const { replicas, platform, store } = settings
  const doubts: string[] = []
  if (replicas === undefined && platform !== undefined && store.kind === 'sqlite') {
    doubts.push(
      `This is ${platform}, which can run several replicas, and sign-ins are in the file ${store.path}: who signs in at one replica would be a stranger to the others. Set ENTRANCE_STORE to redis://… or postgres://…; or ENTRANCE_REPLICAS=1 where there is never more than one.`,
    )
  }
  for (const { path } of filesOf(settings)) {
    const place = findUnfitFileSystem(path)
    if (!place || place.isNetwork) continue
    doubts.push(
      `${path} is on ${place.name}, which may be another machine's disk: SQLite keeps its promises on a disk of this machine only.`,
    )
  }
  return doubts
}

/** Says them in the log. */
export function warnOfReplicas(settings: Places, log: Log): void {
  for (const message of findReplicaDoubts(settings)) {
    log({ event: 'server.replicas', level: 'warn', message })
  }
}
