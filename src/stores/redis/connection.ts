import { createRequire } from 'node:module'
import type { RedisClientType } from 'redis'
import { type RedisAddress, type RedisHost, refuse } from './address.ts'
import { speaksPlainly } from './probe.ts'

/** Sends one command and gives its reply, uninterpreted. */
export type Send = (args: readonly string[]) => Promise<unknown>

/** An open connection to one Redis, or to all nodes of a cluster. It does not mend itself. */
export type RedisConnection = {
  /** Sends a command to the master that has `key`. */
  send(key: string, args: readonly string[]): Promise<unknown>
  /** Every master, in the order of the slots that it has. */
  masters(): Promise<readonly Send[]>
  subscribe(channel: string, onMessage: () => void): Promise<void>
  /** Lets those under way finish where they can; resolves at once. */
  close(): void
}

/** Calls back once when the connection is no longer good. */
export type OnLost = () => void

/** How long it may take to connect, in milliseconds. */
const CONNECT_TIMEOUT = 2000

/** Connects; rejects when that fails. */
export async function openConnection(
  address: RedisAddress,
  onLost: OnLost,
): Promise<RedisConnection> {
  const driver = await loadDriver()
  const [host] = address.hosts
  try {
    if (address.kind === 'cluster') return await openCluster(driver, address, onLost)
    if (address.kind === 'single' && host) return await openSingle(driver, address, host, onLost)
    return await openSingle(driver, address, await findMaster(driver, address), onLost)
  } catch (error) {
    if (!address.isTls || !host || !(await speaksPlainly(host))) throw error
    throw refuse(
      'asks for TLS (rediss), and the port does not speak it.',
      'Write redis:// in its place, or the port that speaks TLS (tls-port).',
    )
  }
}

type Driver = typeof import('redis')

const INSTALL = 'Install it beside entrance: npm install redis@6'

async function loadDriver(): Promise<Driver> {
  try {
    const driver = await import('redis')
    const version = driverVersion()
    if (version === undefined || version.startsWith('6.')) return driver
    throw refuse(`names a Redis, and its driver is ${version}, where 6 is needed.`, INSTALL)
  } catch (error) {
    // Yarn's Plug'n'Play says it without Node's ERR_.
    if (!/MODULE_NOT_FOUND$/.test(String((error as NodeJS.ErrnoException).code))) throw error
    throw refuse('names a Redis, and its driver is not installed.', INSTALL)
  }
}

/**
 * npm may have put any beside us: whoever keeps grants elsewhere has it for another purpose, as it
 * is. Undefined where the driver was bundled with the server.
 */
function driverVersion(): string | undefined {
  try {
    return createRequire(import.meta.url)('redis/package.json').version
  } catch {
    return undefined
  }
}

/** No queue, no second attempt: who keeps the connection decides, and knows when to give up. */
function optionsOf({ isTls, username, password }: RedisAddress, host?: RedisHost) {
  const timing = { connectTimeout: CONNECT_TIMEOUT, reconnectStrategy: false } as const
  const socket = isTls ? { ...timing, ...host, tls: true as const } : { ...timing, ...host }
  const login = { ...(username && { username }), ...(password && { password }) }
  return { ...login, socket, maintNotifications: 'disabled', disableClientInfo: true } as const
}

async function openClient(
  { createClient }: Driver,
  address: RedisAddress,
  host: RedisHost,
  onLost: OnLost,
) {
  const { database } = address
  const client = createClient({ ...optionsOf(address, host), database, RESP: 2 })
  client.on('error', onLost)
  await within(client.connect(), () => client.destroy())
  return client
}

async function openSingle(
  driver: Driver,
  address: RedisAddress,
  host: RedisHost,
  onLost: OnLost,
): Promise<RedisConnection> {
  const client = await openClient(driver, address, host, onLost)
  const send: Send = (args) => client.sendCommand([...args])
  return {
    send: (_, args) => send(args),
    masters: async () => [send],
    subscribe: (channel, onMessage) => client.subscribe(channel, onMessage),
    close: () => closeSoon(client),
  }
}

async function openCluster(
  { createCluster }: Driver,
  address: RedisAddress,
  onLost: OnLost,
): Promise<RedisConnection> {
  const cluster = createCluster({
    rootNodes: address.hosts.map((host) => optionsOf(address, host)),
    defaults: optionsOf(address),
    // A master that is down must not keep those of the other slots out of reach.
    minimizeConnections: true,
    RESP: 2,
  })
  // One of the hosts that is away does not matter as long as another tells where everything is.
  let reason: unknown
  let onTrouble = (error: unknown) => {
    reason = error instanceof Error ? error : reason
  }
  for (const event of ['error', 'node-error', 'node-disconnect']) {
    cluster.on(event, (error: unknown) => onTrouble(error))
  }
  await within(cluster.connect(), () => cluster.destroy()).catch((error: unknown) => {
    throw reason ?? error
  })
  onTrouble = onLost
  return {
    send: (key, args) => cluster.sendCommand(key, false, [...args]),
    async masters() {
      const distinct = [...new Set(cluster.slots.map(({ master }) => master))]
      return distinct.map((master) => async (args) => {
        const client = (await cluster.nodeClient(master)) as unknown as RedisClientType
        return client.sendCommand([...args])
      })
    },
    subscribe: (channel, onMessage) => cluster.subscribe(channel, onMessage),
    close: () => closeSoon(cluster),
  }
}

/** Asks the Sentinels, one after the other, where the master is. */
async function findMaster(driver: Driver, address: RedisAddress): Promise<RedisHost> {
  let reason: unknown
  for (const host of address.hosts) {
    try {
      const found = await askSentinel(driver, address, host)
      if (found) return found
      reason ??= refuse(
        'names a master that the Sentinels do not know.',
        "Write the name of their 'sentinel monitor' line: redis+sentinel://host,host/mymaster.",
      )
    } catch (error) {
      reason = error
    }
  }
  throw reason
}

async function askSentinel(
  driver: Driver,
  address: RedisAddress,
  sentinel: RedisHost,
): Promise<RedisHost | undefined> {
  const ask = async (asked: RedisAddress) => {
    const client = await openClient(driver, { ...asked, database: 0 }, sentinel, () => {})
    const question = ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', address.master]
    const reply = client.sendCommand(question) as Promise<[string, string] | null>
    return within(reply, () => client.destroy()).finally(() => closeSoon(client))
  }
  // Most Sentinels have no password; those that have one share the master's.
  const reply = await ask({ ...address, username: undefined, password: undefined }).catch(
    (error: Error) => {
      if (error.message.startsWith('NOAUTH') && address.password) return ask(address)
      throw error
    },
  )
  return reply ? { host: reply[0], port: Number(reply[1]) } : undefined
}

type Closable = { close(): unknown; destroy(): unknown; readonly isOpen: boolean }

/** What is under way may still be answered; what hangs is cut off. */
function closeSoon(client: Closable): void {
  // One that is being closed is not open any more, and keeps its socket until it is answered.
  setTimeout(() => settle(() => client.destroy()), CONNECT_TIMEOUT).unref()
  if (client.isOpen) settle(() => client.close())
}

/** Whatever comes of it: the connection is on its way out. */
function settle(call: () => unknown): void {
  Promise.resolve()
    .then(call)
    .catch(() => {})
}

async function within<T>(promise: Promise<T>, giveUp: () => unknown): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const error = new Error(`Redis did not answer within ${CONNECT_TIMEOUT} ms.`)
  const timer = setTimeout(() => reject(error), CONNECT_TIMEOUT)
  try {
    return await Promise.race([promise, late])
  } catch (reason) {
    settle(giveUp)
    throw reason
  } finally {
    clearTimeout(timer)
  }
}
