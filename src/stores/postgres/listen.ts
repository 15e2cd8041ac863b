import type { Client } from 'pg'
import type { PostgresAddress } from './address.ts'
import { connectionConfig, loadDriver } from './pool.ts'
import { channelOf } from './statements.ts'

/** How long to wait before another try, in milliseconds; it only hastens what is read anyway. */
const RETRY = 5000

/**
 * Calls back at each notification (LISTEN), on a connection of its own, which comes back by itself.
 * Gives the function that ends it.
 */
export function listenForRevocations(
  address: PostgresAddress,
  option: string,
  onRevoked: () => void,
): () => void {
  let client: Client | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let isEnded = false

  async function connect(): Promise<void> {
    const { Client } = await loadDriver(option)
    if (isEnded) return
    const { query_timeout: _, ...config } = connectionConfig(address)
    const own = new Client(config)
    client = own
    own.on('error', () => {})
    own.on('notification', onRevoked)
    own.once('end', () => retry())
    await own.connect()
    await own.query(`LISTEN ${channelOf(address.schema)}`)
    // What was revoked while it was away.
    onRevoked()
  }

  function retry(): void {
    if (isEnded || timer) return
    timer = setTimeout(() => {
      timer = undefined
      attempt()
    }, RETRY)
    timer.unref()
  }

  function attempt(): void {
    connect().catch(() => {
      client?.end().catch(() => {})
      retry()
    })
  }

  attempt()
  return () => {
    isEnded = true
    clearTimeout(timer)
    client?.end().catch(() => {})
  }
}
