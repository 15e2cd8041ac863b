import type { CosmosClientOptions, JSONValue } from '@azure/cosmos'
import { ConfigError } from '../index.ts'
import { type CosmosAccount, checkAccount, openAccount, prepareAccount } from './cosmos/account.ts'
import { readAddress } from './cosmos/address.ts'
import { append, readSince } from './cosmos/feed.ts'
import {
  createItem,
  type Item,
  idOf,
  isLive,
  readItem,
  replaceItem,
  seconds,
  toRecord,
} from './cosmos/items.ts'
import { type Deadline, inTime, isConflict } from './cosmos/request.ts'
import type { RecordPage, RecordQuery, Store, StoredRecord } from './store.ts'

export type CosmosStoreOptions = {
  /** The account's key. */
  key?: string | undefined
  /** In place of a key: a credential of `@azure/identity`. */
  credential?: CosmosClientOptions['aadCredentials']
}

/**
 * A store in Azure Cosmos DB for NoSQL, for any number of replicas:
 * `cosmos:https://ACCOUNT.documents.azure.com/?database=…&container=…`. Experimental: it has been
 * tested against a stand-in, and not yet against an account. Needs the package `@azure/cosmos`.
 */
export function cosmosStore(url: string, options: CosmosStoreOptions = {}): Store {
  const address = readAddress(url)
  const access = toAccess(options)
  let opening: Promise<CosmosAccount> | undefined
  let isClosed = false

  function open(): Promise<CosmosAccount> {
    if (isClosed) return Promise.reject(new Error('The store is closed.'))
    opening ??= openAccount(address, access)
    return opening
  }

  async function run<T>(operation: (account: CosmosAccount, deadline: Deadline) => Promise<T>) {
    const account = await open()
    return inTime((deadline) => operation(account, deadline))
  }

  return {
    name: `cosmos:${address.endpoint}`,
    isShared: true,
    connect: () => run(prepareAccount),
    check: () => run(checkAccount),
    get: (key) =>
      run(async ({ container }, deadline) => {
        const item = await readItem(container, key, deadline)
        return item && isLive(item) ? toRecord(item) : undefined
      }),
    create: (record) => run((account, deadline) => createItem(account.container, record, deadline)),
    replace: (record, version) =>
      run((account, deadline) => replaceItem(account.container, record, version, deadline)),
    delete: (key) => run((account, deadline) => deleteItem(account, key, deadline)),
    list: (by) => run((account, deadline) => listItems(account, by, deadline)),
    page: (query) => run((account, deadline) => pageItems(account, query, deadline)),
    revoke: (revocation) =>
      run((account, deadline) => append(account.container, revocation, deadline)),
    revocations: (cursor = '0') =>
      run((account, deadline) => readSince(account.container, Number(cursor), deadline)),
    async close() {
      isClosed = true
      const account = await opening?.catch(() => undefined)
      account?.close()
    },
  }
}

function toAccess({ key, credential }: CosmosStoreOptions): CosmosClientOptions {
  if (credential) return { aadCredentials: credential }
  // Base64 of 64 bytes. One that is cut off would only look like a wrong one.
  if (key && /^[A-Za-z0-9+/]{86}==$/.test(key)) return { key }
  const problem = key ? 'is no key of a Cosmos DB account: 88 characters of Base64.' : 'is missing.'
  const cure =
    'Set it to the primary key: az cosmosdb keys list --name ACCOUNT --resource-group GROUP.'
  throw new ConfigError([{ option: 'ENTRANCE_COSMOS_KEY', problem, cure }])
}

async function deleteItem({ container }: CosmosAccount, key: string, deadline: Deadline) {
  const id = idOf(key)
  await container.item(id, id).delete(deadline).catch(isConflict)
}

async function listItems(
  { container }: CosmosAccount,
  { person }: { person: string },
  deadline: Deadline,
): Promise<StoredRecord[]> {
  const query = toQuery('c.person = @person', { '@person': person })
  const { resources } = await container.items.query<Item>(query, { ...deadline }).fetchAll()
  return resources.map(toRecord)
}

async function pageItems(
  { container }: CosmosAccount,
  { prefix, client, after, limit }: RecordQuery,
  deadline: Deadline,
): Promise<RecordPage> {
  const query = toQuery(
    `STARTSWITH(c.key, @prefix)${client === undefined ? '' : ' AND c.client = @client'}`,
    { '@prefix': prefix, ...(client !== undefined && { '@client': client }) },
  )
  const options = { ...deadline, maxItemCount: limit, ...(after && { continuationToken: after }) }
  const pages = container.items.query<Item>(query, options)
  for (;;) {
    const { resources, continuationToken: next } = await pages.fetchNext()
    // Of a partition that has none a page is empty, and not the last one.
    if (resources.length > 0 || !next) return { records: resources.map(toRecord), next }
  }
}

/** Of live items in all partitions. Without an order, Cosmos DB itself goes through them. */
function toQuery(condition: string, values: Record<string, JSONValue>) {
  const parameters = Object.entries({ ...values, '@now': seconds() })
  return {
    query: `SELECT * FROM c WHERE ${condition} AND c.expiresAt > @now`,
    parameters: parameters.map(([name, value]) => ({ name, value })),
  }
}
