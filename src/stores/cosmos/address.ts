import { ConfigError } from '../../index.ts'

/** Where the container is. */
export type CosmosAddress = {
  readonly endpoint: string
  readonly database: string
  readonly container: string
}

const EXAMPLE = 'cosmos:https://ACCOUNT.documents.azure.com/?database=entrance&container=entrance'
const PARAMETERS = ['database', 'container']
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]']

/** Reads `cosmos:https://…/?database=…&container=…`. Throws `ConfigError`, which quotes none of it. */
export function readAddress(text: string): CosmosAddress {
  const address = text.replace(/^cosmos:/, '')
  if (!URL.canParse(address)) throw refuse('is not the address of a Cosmos DB account.')
  const url = new URL(address)
  const isLocal = url.protocol === 'http:' && LOOPBACK.includes(url.hostname)
  if (url.protocol !== 'https:' && !isLocal) throw refuse('must begin with cosmos:https://.')
  if (url.username || url.password) throw refuse('has credentials in it.')
  const unknown = [...url.searchParams.keys()].filter((name) => !PARAMETERS.includes(name))
  // A name that is none may be somebody's key.
  if (unknown.length > 0) throw refuse('has other parameters than database and container.')
  return {
    endpoint: `${url.origin}/`,
    database: readName(url, 'database'),
    container: readName(url, 'container'),
  }
}

function readName(url: URL, parameter: string): string {
  const name = url.searchParams.get(parameter) ?? 'entrance'
  if (/^[^/\\?#]{1,255}$/.test(name) && !name.endsWith(' ')) return name
  throw refuse(`has a ${parameter} that Cosmos DB cannot have: 1 to 255 characters, no / \\ ? #.`)
}

function refuse(problem: string): ConfigError {
  const cure = `Write ${EXAMPLE}, and the key into ENTRANCE_COSMOS_KEY.`
  return new ConfigError([{ option: 'ENTRANCE_STORE', problem, cure }])
}
