import type {
  Container,
  ContainerDefinition,
  CosmosClient,
  CosmosClientOptions,
  DatabaseAccount,
  ErrorResponse,
} from '@azure/cosmos'
import { ConfigError } from '../../index.ts'
import type { StoreFinding } from '../store.ts'
import type { CosmosAddress } from './address.ts'
import { type Deadline, statusOf, THROTTLING } from './request.ts'

/** Who asks: an account key, or a credential of Entra's. */
export type CosmosAccess = Pick<CosmosClientOptions, 'key' | 'aadCredentials'>

/** An open account: to be closed. */
export type CosmosAccount = {
  readonly client: CosmosClient
  readonly container: Container
  close(): void
}

/** What a read after any write needs; what the others allow may be old. */
const FRESH = ['Strong', 'BoundedStaleness']

const CONTAINER = {
  partitionKey: { paths: ['/partition'] },
  // Each item says how long it lives.
  defaultTtl: -1,
  // What is asked for, and no more: an index on the sealed values would cost at each write.
  indexingPolicy: {
    includedPaths: ['key', 'person', 'client', 'expiresAt', 'seq'].map((name) => ({
      path: `/${name}/?`,
    })),
    excludedPaths: [{ path: '/*' }],
  },
}

/** Makes the client; asks nothing yet. A missing driver is a `ConfigError`. */
export async function openAccount(
  { endpoint, database, container }: CosmosAddress,
  access: CosmosAccess,
): Promise<CosmosAccount> {
  const { CosmosClient } = await importDriver()
  const client = new CosmosClient({
    ...access,
    endpoint,
    connectionPolicy: {
      // The account's own address leads to the region that writes: no other may answer a read.
      enableEndpointDiscovery: false,
      requestTimeout: 4000,
      retryOptions: THROTTLING,
    },
  })
  return {
    client,
    container: client.database(database).container(container),
    close: () => client.dispose(),
  }
}

async function importDriver(): Promise<typeof import('@azure/cosmos')> {
  try {
    return await import('@azure/cosmos')
  } catch (error) {
    // Yarn's Plug'n'Play says it without Node's ERR_.
    if (!/MODULE_NOT_FOUND$/.test(String((error as NodeJS.ErrnoException).code))) throw error
    throw refuse(
      'needs the package @azure/cosmos.',
      'Install it beside entrance: npm install @azure/cosmos@4',
    )
  }
}

/** Makes what is absent, and refuses an account or container that cannot keep the promises. */
export async function prepareAccount(account: CosmosAccount, deadline: Deadline): Promise<void> {
  try {
    await makeContainer(account, deadline)
    const [error] = (await findProblems(account, deadline)).filter((f) => f.severity === 'error')
    if (error) throw refuse(error.problem, error.cure)
  } catch (error) {
    throw toRefusal(error)
  }
}

/** For an operator, who may ask before anything has been made. */
export async function checkAccount(
  account: CosmosAccount,
  deadline: Deadline,
): Promise<StoreFinding[]> {
  try {
    return await findProblems(account, deadline)
  } catch (error) {
    if (statusOf(error) !== 404) throw toRefusal(error)
    const problem = 'has no such database or container yet.'
    return [{ severity: 'error', problem, cure: 'Run: entrance store migrate' }]
  }
}

/** What is wrong with the account's settings or the container's. */
async function findProblems(
  { client, container }: CosmosAccount,
  deadline: Deadline,
): Promise<StoreFinding[]> {
  const { resource: settings } = await client.getDatabaseAccount(deadline)
  const { resource: definition } = await container.read(deadline)
  return [...(settings ? judgeAccount(settings) : []), ...judgeContainer(definition)]
}

function judgeAccount(account: DatabaseAccount): StoreFinding[] {
  const findings: StoreFinding[] = []
  const { consistencyPolicy: level, enableMultipleWritableLocations: isMultiple } = account
  if (!FRESH.includes(level)) {
    findings.push({
      severity: 'error',
      problem: `has the consistency ${level}: a replica could read what another has replaced. Strong or BoundedStaleness is expected.`,
      cure: 'Run az cosmosdb update --name ACCOUNT --resource-group GROUP --default-consistency-level BoundedStaleness.',
    })
  }
  if (isMultiple) {
    findings.push({
      severity: 'error',
      problem: 'writes in several regions: each could honour the same code. One is expected.',
      cure: 'Run az cosmosdb update --name ACCOUNT --resource-group GROUP --enable-multiple-write-locations false.',
    })
  }
  return findings
}

function judgeContainer(definition: ContainerDefinition | undefined): StoreFinding[] {
  const findings: StoreFinding[] = []
  const paths = definition?.partitionKey?.paths ?? []
  if (paths.join() !== '/partition') {
    findings.push({
      severity: 'error',
      problem: `has a container with the partition key ${paths.join()}; /partition is expected.`,
      cure: 'Name another container: one that is absent is made.',
    })
  }
  if (definition?.defaultTtl === undefined) {
    findings.push({
      severity: 'error',
      problem: 'has a container without time to live: what has expired would stay for ever.',
      cure: 'Set its time to live to on, without a default (defaultTtl -1).',
    })
  }
  return findings
}

/** Reads first: whoever may only read and write items need make nothing. */
async function makeContainer(
  { client, container }: CosmosAccount,
  deadline: Deadline,
): Promise<void> {
  if (await isThere(container.read(deadline))) return
  const { database } = container
  if (!(await isThere(database.read(deadline)))) {
    await orThere(client.databases.create({ id: database.id }, deadline))
  }
  await orThere(database.containers.create({ id: container.id, ...CONTAINER }, deadline))
}

async function isThere(reading: Promise<unknown>): Promise<boolean> {
  return reading.then(
    () => true,
    (error) => {
      if (statusOf(error) === 404) return false
      throw error
    },
  )
}

/** Another replica may have been quicker. */
async function orThere(creation: Promise<unknown>): Promise<void> {
  await creation.catch((error) => {
    if (statusOf(error) !== 409) throw error
  })
}

/** What Cosmos DB will say again however often it is asked. */
function toRefusal(error: unknown): unknown {
  const status = statusOf(error)
  if (status === 401) {
    return refuse(
      'does not take the key: it is another account’s, it was regenerated, or this clock is off.',
      'Give the primary key: az cosmosdb keys list --name ACCOUNT --resource-group GROUP.',
    )
  }
  if (status !== 403 || (error as ErrorResponse).substatus === 3) return error
  return refuse(
    'forbids it: the firewall, or a credential that may not make the database and the container.',
    'Admit this address, and make them: az cosmosdb sql database create, then az cosmosdb sql container create --partition-key-path /partition --ttl -1.',
  )
}

function refuse(problem: string, cure: string): ConfigError {
  return new ConfigError([{ option: 'ENTRANCE_STORE', problem, cure }])
}
