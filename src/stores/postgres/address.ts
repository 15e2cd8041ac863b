import { ConfigError } from '../../index.ts'

/** Where the tables are, and how many connections may be open. */
export type PostgresAddress = {
  /** For the driver: with the credentials, without the parameters that are ours. */
  readonly connectionString: string
  /** For people: host, port and database. */
  readonly name: string
  readonly schema: string
  readonly connections: number
}

const EXAMPLE = 'postgres://entrance:PASSWORD@db.example.com:5432/entrance'

const UNENCODED =
  'has an @ or a / behind the host: in a user name or password they are written %40 and %2F.'

/** What is ours among the parameters, and what it may be. */
const OWN: ReadonlyMap<string, { readonly pattern: RegExp; readonly expected: string }> = new Map([
  [
    'schema',
    {
      pattern: /^[a-z_][a-z0-9_]{0,39}$/,
      expected: '1 to 40 small letters, digits and underscores',
    },
  ],
  ['connections', { pattern: /^([1-9]|[1-9]\d|100)$/, expected: 'a whole number from 1 to 100' }],
])

/** Reads `postgres://…/DATABASE`. Throws `ConfigError`, which quotes no password. */
export function readAddress(text: string, option = 'ENTRANCE_STORE'): PostgresAddress {
  const url = URL.parse(text)
  if (!url || !/^postgres(ql)?:\/\//i.test(text)) {
    throw refuse(option, 'is not the address of a PostgreSQL database.')
  }
  const database = url.pathname.slice(1)
  if (!database) throw refuse(option, 'names no database.')
  // A password with a slash in it ends the host: what follows would be shown as the database.
  if (/[@/]/.test(database)) throw refuse(option, UNENCODED)
  const own = (name: string, fallback: string) => {
    const value = url.searchParams.get(name) ?? fallback
    const rule = OWN.get(name)
    url.searchParams.delete(name)
    if (rule?.pattern.test(value)) return value
    throw refuse(option, `has a '${name}' that is not ${rule?.expected}.`)
  }
  const schema = own('schema', 'entrance')
  const connections = Number(own('connections', '10'))
  const place = url.searchParams.get('host') ?? url.host
  return {
    connectionString: url.href,
    name: `postgres://${place}/${database}`,
    schema,
    connections,
  }
}

function refuse(option: string, problem: string): ConfigError {
  return new ConfigError([{ option, problem, cure: `Write it like this: ${EXAMPLE}` }])
}
