import { ConfigError } from '../../index.ts'
import { refuse } from './address.ts'

type Cause = { readonly matches: RegExp; readonly problem: string; readonly cure: string }

/** The commands that the store gives, those of its scripts included. */
const RIGHTS =
  '+ping +info +select +eval +evalsha +hget +hmget +hset +hsetnx +hincrby +del +pexpire +pttl ' +
  '+zadd +zrange +zrem +zremrangebyscore +scan +publish +subscribe +unsubscribe'

/** What Redis, TLS or the driver say where waiting does not help. */
const FOR_GOOD: readonly Cause[] = [
  {
    matches: /^WRONGPASS|^ERR invalid password|^ERR AUTH .*without any password/,
    problem: 'has a user name or password that Redis refuses.',
    cure: 'Write those of its ACL (or requirepass) as in redis://user:password@host, percent-encoded.',
  },
  {
    matches: /^NOAUTH/,
    problem: 'has no password, and Redis asks for one.',
    cure: 'Write it as in redis://user:password@host, or redis://:password@host for the default user.',
  },
  {
    matches: /^NOPERM|can't run this command|ACL failure in script/,
    problem: 'has a user who may not run what the store needs.',
    cure: `Allow this user ~<prefix>* &<prefix>* ${RIGHTS} (in a cluster +cluster too).`,
  },
  {
    matches: /DB index|invalid database/i,
    problem: 'names a database that this Redis does not have.',
    cure: "Use a number below its 'databases' setting (16 by default), or leave it out for 0.",
  },
  {
    matches: /SELECT is not allowed in cluster mode/,
    problem: 'names a database, and this Redis is a node of a cluster, which has only number 0.',
    cure: 'Write redis+cluster:// and its hosts, without a database.',
  },
  {
    matches: /self-signed|unable to (verify|get)|certificate/i,
    problem: 'leads to a Redis whose certificate is not trusted.',
    cure: 'Give the file of its CA in NODE_EXTRA_CA_CERTS, and use the name that is in the certificate.',
  },
  {
    matches: /cluster support disabled/,
    problem: 'says redis+cluster, and this Redis is not a node of a cluster.',
    cure: 'Write redis:// in its place.',
  },
  {
    matches: /unknown command .*SENTINEL/i,
    problem: 'says redis+sentinel, and a host is a Redis, not a Sentinel.',
    cure: "Write the Sentinels' hosts (port 26379 by default), or redis:// and the master's.",
  },
]

/** Turns what is wrong for good into a `ConfigError`; all else may pass, and stays as it is. */
export function explain(error: unknown): unknown {
  if (error instanceof ConfigError) return error
  const { code = '', message = '' } = error as NodeJS.ErrnoException
  const found = FOR_GOOD.find(({ matches }) => matches.test(message) || matches.test(code))
  return found ? refuse(found.problem, found.cure) : error
}
