import type { Pool, PoolConfig } from 'pg'
import { ConfigError } from '../../index.ts'
import type { PostgresAddress } from './address.ts'

/** How long a connection may take to come about, in milliseconds. */
const CONNECT_TIMEOUT = 3000

/** How long one statement may take, in milliseconds; then its connection is given up. */
const STATEMENT_TIMEOUT = 4000

/** A connection that nothing was asked of for so long, in milliseconds, is closed. */
const IDLE_TIMEOUT = 30_000

/** Loads the driver, an optional peer. Throws `ConfigError` where it is missing. */
export async function loadDriver(option: string): Promise<typeof import('pg').default> {
  try {
    return (await import('pg')).default
  } catch (error) {
    // Yarn's Plug'n'Play says it without Node's ERR_.
    if (!/MODULE_NOT_FOUND$/.test(String((error as NodeJS.ErrnoException).code))) throw error
    const problem = 'names PostgreSQL, whose driver is not installed.'
    throw new ConfigError([
      { option, problem, cure: 'Install it beside entrance: npm install pg@8' },
    ])
  }
}

/** What every connection is made with. */
export function connectionConfig({ connectionString, connections }: PostgresAddress): PoolConfig {
  return {
    connectionString,
    max: connections,
    connectionTimeoutMillis: CONNECT_TIMEOUT,
    query_timeout: STATEMENT_TIMEOUT,
    idleTimeoutMillis: IDLE_TIMEOUT,
    keepAlive: true,
    application_name: 'entrance',
    // What only waits for the next question does not keep a process from ending.
    allowExitOnIdle: true,
  }
}

/** Opens connections as they are needed; one that breaks is replaced by the next use. */
export async function openPool(address: PostgresAddress, option: string): Promise<Pool> {
  const { Pool } = await loadDriver(option)
  const pool = new Pool(connectionConfig(address))
  // An idle connection that breaks is nobody's error: the pool has let go of it already. One that
  // is in use has its error from the statement; unheard, its event would end the process.
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  return pool
}
