import { ConfigError } from '../../index.ts'

/** Where Redis is, and how it is spoken to. */
export type RedisAddress = {
  readonly kind: 'single' | 'cluster' | 'sentinel'
  /** One for `single`; else some of the cluster's nodes, or the Sentinels. */
  readonly hosts: readonly RedisHost[]
  readonly isTls: boolean
  readonly username: string | undefined
  readonly password: string | undefined
  readonly database: number
  /** What the Sentinels call the master; empty for the other kinds. */
  readonly master: string
  /** What every key begins with. */
  readonly prefix: string
  /** Whether one that keeps nothing on disk will do. */
  readonly isVolatile: boolean
  /** All of it without the credentials. */
  readonly name: string
}

export type RedisHost = { readonly host: string; readonly port: number }

const ADDRESS =
  /^(rediss?)(?:\+(cluster|sentinel))?:\/\/(?:([^/?#]*)@)?([^@/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/

const DEFAULT_PREFIX = 'entrance:'
const PORT = 6379
const SENTINEL_PORT = 26_379

/** Reads the address of a store. Throws `ConfigError`, which quotes no credentials. */
export function parseRedisAddress(text: string): RedisAddress {
  const [match, scheme = '', kind = 'single', login, list = '', path = '', query = ''] =
    ADDRESS.exec(text) ?? []
  if (match === undefined) {
    throw refuse(
      'is not the address of a Redis.',
      'Write redis://host:6379 (rediss:// for TLS), redis+cluster://host,host or redis+sentinel://host,host/master.',
    )
  }
  if (kind !== 'single' && kind !== 'cluster' && kind !== 'sentinel') throw new Error(kind)
  const hosts = list.split(',').map((host) => parseHost(host, kind === 'sentinel'))
  if (kind === 'single' && hosts.length > 1) {
    throw refuse(
      'names several hosts under redis://.',
      'Write redis+cluster:// for a cluster, or redis+sentinel://host,host/master for Sentinels.',
    )
  }
  // A password with a slash in it ends the hosts: what follows would be shown as the path.
  if (path.includes('@')) {
    throw refuse(
      'has an @ behind the hosts.',
      'In a user name or password / is written %2F, and @ %40.',
    )
  }
  const parts = path.split('/').map((part) => decode(part, 'path'))
  const master = kind === 'sentinel' ? (parts.shift() ?? '') : ''
  if (kind === 'sentinel' && master === '') {
    throw refuse(
      'does not say which master the Sentinels are to be asked for.',
      'Write its name behind the hosts: redis+sentinel://host,host/mymaster.',
    )
  }
  const database = parseDatabase(parts, kind === 'cluster')
  return {
    ...{ kind, hosts, master, database, isTls: scheme === 'rediss' },
    ...parseLogin(login),
    ...parseQuery(query),
    name: text.replace(/\/\/[^/?#]*@/, '//').replace(/\?.*$/, ''),
  }
}

/** What is wrong with the store's address, or with the Redis there. */
export function refuse(problem: string, cure: string): ConfigError {
  return new ConfigError([{ option: 'ENTRANCE_STORE', problem, cure }])
}

function parseHost(text: string, isSentinel: boolean): RedisHost {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:[\]\s]+))(?::(\d{1,5}))?$/i.exec(text)
  const port = Number(match?.[3] ?? (isSentinel ? SENTINEL_PORT : PORT))
  const host = match?.[1] ?? match?.[2]
  if (host !== undefined && port > 0 && port <= 65_535) return { host, port }
  throw refuse(
    'has a host that cannot be read.',
    'Write host, host:port or [IPv6]:port, several with commas; percent-encode / ? # @ in a password.',
  )
}

function parseLogin(text = ''): Pick<RedisAddress, 'username' | 'password'> {
  const colon = text.indexOf(':')
  const username = colon < 0 ? text : text.slice(0, colon)
  const password = colon < 0 ? '' : text.slice(colon + 1)
  return {
    username: decode(username, 'user name') || undefined,
    password: decode(password, 'password') || undefined,
  }
}

function parseDatabase(parts: readonly string[], isCluster: boolean): number {
  const [text = '', ...more] = parts
  if (more.length > 0 || !/^\d{0,6}$/.test(text)) {
    throw refuse(
      'has a path that is not the number of a database.',
      'Write it as in redis://host/2, or leave it out for database 0.',
    )
  }
  const database = Number(text)
  if (isCluster && database !== 0) {
    throw refuse('names a database, and a cluster has only number 0.', 'Leave it out.')
  }
  return database
}

function parseQuery(text: string): Pick<RedisAddress, 'prefix' | 'isVolatile'> {
  const query = new URLSearchParams(text)
  const { prefix = DEFAULT_PREFIX, durability, ...others } = Object.fromEntries(query)
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) {
    throw refuse(`has an option that is not known.`, 'Those known are ?prefix= and ?durability=.')
  }
  if (!/^[\x21-\x7a|~]{1,64}$/.test(prefix)) {
    throw refuse(
      'has a prefix that keys cannot begin with.',
      'Use 1 to 64 printable ASCII characters without a space, { and }, such as ?prefix=entrance:.',
    )
  }
  if (durability !== undefined && durability !== 'none') {
    throw refuse(
      'has a durability that is not known.',
      'Write ?durability=none where Redis may lose everything, or leave it out.',
    )
  }
  return { prefix, isVolatile: durability === 'none' }
}

function decode(text: string, where: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw refuse(`has a ${where} that cannot be decoded.`, 'Percent-encode it: % is written %25.')
  }
}
