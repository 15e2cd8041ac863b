import type { Pool } from 'pg'
import type { StoreFinding } from '../store.ts'

/** The oldest release that is tested, as `server_version_num` has it. */
const MIN_VERSION = 140_000

/** What of the server stands against the promises. */
export async function findFaults(pool: Pool): Promise<StoreFinding[]> {
  const { rows } = await pool.query(`
    SELECT current_setting('server_version_num')::int AS version, current_setting('server_version') AS named,
      current_setting('synchronous_commit') AS synchronous, current_setting('fsync') AS fsync,
      pg_is_in_recovery() AS standby`)
  const { version, named, synchronous, fsync, standby } = rows[0]
  // It may be about to take over: that passes.
  if (standby) throw new Error('The PostgreSQL server is a standby, which takes no writes.')
  const findings: StoreFinding[] = []
  if (version < MIN_VERSION)
    findings.push(
      finding(
        'error',
        `is PostgreSQL ${named}; 14 or newer is expected.`,
        'Update the server, or name another one.',
      ),
    )
  if (synchronous === 'off')
    findings.push(
      finding(
        'error',
        'answers before it has written (synchronous_commit is off): a crash would take back what was confirmed.',
        'Let an administrator run: ALTER ROLE <user> SET synchronous_commit = on;',
      ),
    )
  if (fsync === 'off')
    findings.push(
      finding(
        'warning',
        'does not wait for its disk (fsync is off): a power failure can take back what was confirmed, or damage everything.',
        'Set fsync = on in postgresql.conf.',
      ),
    )
  return findings
}

/** How the driver, as it has read its address, goes to the server. */
export type Transport = { readonly host: string; readonly ssl?: unknown }

/** Loopback, or the folder of a socket. */
const LOCAL = /^(localhost|127\.0\.0\.1|::1|\/.*)$/

/** What of the way to the server lets others listen, or pass for it. */
export function findInTransport({ host, ssl }: Transport): StoreFinding[] {
  if (LOCAL.test(host)) return []
  const { rejectUnauthorized, checkServerIdentity } = Object(ssl) as Record<string, unknown>
  const isVerified = rejectUnauthorized !== false && checkServerIdentity === undefined
  if (ssl && isVerified) return []
  const problem = ssl
    ? 'is on another machine, and its certificate is not looked at: whoever is on the way can pass for it.'
    : 'is on another machine, and spoken to without TLS: whoever is on the way can listen.'
  return [finding('warning', problem, 'Add ?sslmode=verify-full to its address.')]
}

function finding(severity: StoreFinding['severity'], problem: string, cure: string): StoreFinding {
  return { severity, problem, cure }
}
