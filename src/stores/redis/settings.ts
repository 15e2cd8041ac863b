import { ConfigError, type StoreFinding } from '../../index.ts'
import { type RedisAddress, refuse } from './address.ts'
import type { RedisConnection, Send } from './connection.ts'

/** The oldest Redis whose commands the store uses. */
const OLDEST = 7

/** Looks at what the promises rest on, at every master. Throws `ConfigError`. */
export async function requireSettings(
  connection: RedisConnection,
  address: RedisAddress,
): Promise<void> {
  for (const send of await connection.masters()) {
    await send(['PING'])
    requireInfo(await readInfo(send), address)
  }
}

/** The same as findings, with what is worth knowing besides. */
export async function findInSettings(
  connection: RedisConnection,
  address: RedisAddress,
): Promise<StoreFinding[]> {
  const masters = await connection.masters()
  const found = await Promise.all(masters.map((send) => findAt(send, address)))
  // Masters of one cluster are set up alike: one finding says it for all.
  const all = [...found.flat(), ...findInTransport(address)]
  const distinct = new Map(all.map((finding) => [finding.problem, finding]))
  return [...distinct.values()]
}

const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '::1'])

/** What of the way to Redis lets others listen. Over TLS its certificate is always verified. */
export function findInTransport({ isTls, hosts }: RedisAddress): StoreFinding[] {
  if (isTls || hosts.every(({ host }) => LOOPBACK.has(host))) return []
  const problem =
    'Redis is on another machine, and spoken to without TLS: whoever is on the way can listen.'
  return [{ severity: 'warning', problem, cure: 'Write rediss:// and its TLS port.' }]
}

type Info = ReadonlyMap<string, string>

/** `INFO` is allowed where managed services forbid `CONFIG`. */
async function readInfo(send: Send): Promise<Info> {
  const text = String(await send(['INFO', 'everything']))
  return new Map(
    [...text.matchAll(/^([^:#\r\n]+):([^\r\n]*)/gm)].map(([, name = '', value = '']) => [
      name,
      value,
    ]),
  )
}

/** The id that a Redis gives itself at each start. */
export async function readRunId(send: Send): Promise<string> {
  return /^run_id:(\w+)/m.exec(String(await send(['INFO', 'server'])))?.[1] ?? ''
}

function requireInfo(info: Info, address: RedisAddress): void {
  requireKind(info, address)
  const version = info.get('redis_version') ?? ''
  if (!(Number.parseInt(version, 10) >= OLDEST)) {
    throw refuse(`names a Redis of version ${version}.`, 'Use Redis 7 or newer, or Valkey.')
  }
  const policy = info.get('maxmemory_policy')
  if (policy && policy !== 'noeviction' && info.get('maxmemory') !== '0') {
    throw refuse(
      `names a Redis that drops records when its memory is full (maxmemory-policy ${policy}).`,
      "Set 'maxmemory-policy noeviction': what was confirmed must stay.",
    )
  }
  if (info.get('aof_enabled') === '0' && !address.isVolatile) {
    throw refuse(
      'names a Redis that loses what it confirmed when it ends (appendonly no).',
      "Set 'appendonly yes'. Where everybody may be signed out by a restart, add ?durability=none.",
    )
  }
}

function requireKind(info: Info, { kind }: RedisAddress): void {
  const mode = info.get('redis_mode')
  if (mode === 'sentinel') {
    const cure = 'Write redis+sentinel://host,host/master for it, or the host of the master.'
    throw refuse('says redis://, and the host is a Sentinel.', cure)
  }
  if (mode === 'cluster' && kind !== 'cluster') {
    throw refuse('says redis://, and the host is a node of a cluster.', 'Write redis+cluster://.')
  }
  // After a fail-over this passes, or Sentinel names another one.
  if (info.get('role') === 'slave') throw new Error('This Redis is a replica, not the master.')
}

async function findAt(send: Send, address: RedisAddress): Promise<StoreFinding[]> {
  const info = await readInfo(send)
  const config = await readConfig(send)
  return [...findErrors(info, address), ...findWarnings(info, config)]
}

function findErrors(info: Info, address: RedisAddress): StoreFinding[] {
  try {
    requireInfo(info, address)
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.problems.map(({ problem, cure }) => ({
      severity: 'error',
      problem: `ENTRANCE_STORE ${problem}`,
      cure,
    }))
  }
}

function findWarnings(info: Info, config: Info): StoreFinding[] {
  const found: (readonly [is: boolean, problem: string, cure: string])[] = [
    [
      !info.has('maxmemory_policy') || !info.has('aof_enabled'),
      'Redis does not say whether it drops records when its memory is full, or keeps them on disk.',
      "See to it that it runs with 'maxmemory-policy noeviction' and 'appendonly yes'.",
    ],
    [
      info.get('aof_enabled') === '0',
      'Redis keeps nothing on disk (appendonly no): its restart signs everybody out.',
      "Set 'appendonly yes'.",
    ],
    [
      config.get('appendfsync') === 'everysec' || config.get('appendfsync') === 'no',
      `A power cut can take the last second's writes (appendfsync ${config.get('appendfsync')}).`,
      "Set 'appendfsync always' where that is too much.",
    ],
    [
      Number(info.get('connected_slaves')) > 0 && config.get('min-replicas-to-write') === '0',
      'A fail-over can take the writes that the replica had not yet (min-replicas-to-write 0).',
      "Set 'min-replicas-to-write 1' and 'min-replicas-max-lag 1': a master cut off stops writing.",
    ],
  ]
  return found
    .filter(([is]) => is)
    .map(([, problem, cure]) => ({ severity: 'warning', problem, cure }))
}

/** Empty where `CONFIG` is forbidden. */
async function readConfig(send: Send): Promise<Info> {
  try {
    const reply = await send(['CONFIG', 'GET', 'appendfsync', 'min-replicas-to-write'])
    const list = Array.isArray(reply) ? reply.map(String) : []
    return new Map(list.flatMap((name, i) => (i % 2 === 0 ? [[name, list[i + 1] ?? '']] : [])))
  } catch {
    return new Map()
  }
}
