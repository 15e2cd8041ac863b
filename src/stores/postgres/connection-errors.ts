import { ConfigError } from '../../index.ts'

type Explained = { readonly problem: string; readonly cure: string }

const TRUST =
  'Give the certificate of its authority with NODE_EXTRA_CA_CERTS, and the host by the name in the certificate.'

/** What no waiting mends, by PostgreSQL's SQLSTATE (appendix A) or Node's code. */
const FINAL: ReadonlyMap<string, Explained> = new Map([
  ['28P01', { problem: 'refuses this user or password.', cure: 'Correct them in the address.' }],
  [
    '28000',
    {
      problem: 'does not let this user in from here, or not without TLS.',
      cure: 'Add a line for it to pg_hba.conf, or ?sslmode=verify-full to the address.',
    },
  ],
  [
    '3D000',
    { problem: 'has no such database.', cure: 'Create it, or correct its name in the address.' },
  ],
  [
    '42501',
    {
      problem: 'does not give this user the rights that are needed.',
      cure: 'Let an administrator run: GRANT CREATE ON DATABASE <database> TO <user>; or make the schema and give it to this user: CREATE SCHEMA entrance AUTHORIZATION <user>;',
    },
  ],
  ...['DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN', 'CERT_HAS_EXPIRED'].map(trust),
  ...['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'].map(trust),
  ...['ERR_TLS_CERT_ALTNAME_INVALID'].map(trust),
])

/** The one word of the driver's own that says that the server speaks no TLS. */
const NO_TLS = 'The server does not support SSL connections'

/**
 * What a failure to connect means: a `ConfigError` where somebody has to change something, else the
 * failure, which may pass.
 */
export function explainConnection(error: unknown, name: string, option: string): unknown {
  if (error instanceof ConfigError) return error
  const { code, message } = error as { code?: string; message?: string }
  const known =
    message === NO_TLS
      ? {
          problem: 'speaks no TLS.',
          cure: 'Switch it on there, or take sslmode out of the address.',
        }
      : FINAL.get(code ?? '')
  if (!known) return unreached(error, name)
  const number = code ? ` (${code})` : ''
  const problem = `${name} ${known.problem.replace(/\.$/, '')}${number}.`
  return new ConfigError([{ option, problem, cure: known.cure }])
}

/** A failure that may pass. Where a host has several addresses, Node's own error has no words. */
export function unreached(error: unknown, name: string): Error {
  const { code, message } = error as { code?: string; message?: string }
  return new Error(`${name} cannot be reached: ${message || code}`)
}

function trust(code: string): readonly [string, Explained] {
  return [code, { problem: 'has a certificate that is not trusted here.', cure: TRUST }]
}
