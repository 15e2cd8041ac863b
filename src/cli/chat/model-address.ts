import type { ConfigProblem } from '../../core/errors.ts'
import { staysHere } from '../client/server-url.ts'

/** An address that a variable holds, and what is expected there. */
export type GivenAddress = {
  readonly option: string
  readonly text: string
  /** Such as `https://contoso.openai.azure.com`. */
  readonly example: string
  /** Whether a key or a token goes there. */
  readonly isSecret: boolean
}

/** Reads an address; what is wrong with it is never repeated, for it may be a key in the wrong place. */
export function readAddress(given: GivenAddress, problems: ConfigProblem[]): URL | undefined {
  const { option, example, isSecret } = given
  const text = given.text.trim()
  const url = URL.parse(text)
  const refuse = (problem: string, cure = `Write it as ${example}`) => {
    problems.push({ option, problem, cure })
    return undefined
  }
  if (text === '') return refuse('is blank.')
  if (!url || !/^https?:\/\/[^/]/i.test(text)) return refuse('is not an address.')
  if (url.username || url.password) {
    return refuse(
      'has a user name or password in it.',
      'Take them out; a key has its own variable.',
    )
  }
  if (url.search || text.includes('?')) {
    return refuse('has a query ("?…") in it.', `Take it out, and write it as ${example}`)
  }
  if (text.includes('#')) return refuse('has a fragment ("#…") in it.', 'Take it out.')
  if (isSecret && url.protocol === 'http:' && !staysHere(url)) {
    return refuse(
      `is plain http to ${url.host}: everybody on the way could read the key.`,
      `Use https://${url.host}; http with a key is for this machine only.`,
    )
  }
  return url
}

/** Where Azure has the models that people deploy, by the resource of the token that opens them. */
const AZURE_HOSTS: readonly (readonly [host: RegExp, resource: string])[] = [
  [
    /^[a-z0-9-]+\.(openai\.azure|cognitiveservices\.azure|services\.ai\.azure)\.com$/,
    'https://cognitiveservices.azure.com',
  ],
  [
    /^[a-z0-9-]+\.(openai|cognitiveservices|services\.ai)\.azure\.us$/,
    'https://cognitiveservices.azure.us',
  ],
]

/**
 * The resource that a token for this host is to be for; undefined where none may go: whoever has a
 * token of a person's can use whatever that person may.
 */
export function azureResource(url: URL): string | undefined {
  if (staysHere(url)) return 'https://cognitiveservices.azure.com'
  return AZURE_HOSTS.find(([host]) => host.test(url.hostname))?.[1]
}

/**
 * The base of Azure's v1 API, from whatever of the address people have at hand: the endpoint, the
 * same with a path of any API version, a project of Foundry, a gateway's with a path of its own.
 */
export function azureBase(url: URL): string {
  const isAzure = AZURE_HOSTS.some(([host]) => host.test(url.hostname))
  const own = isAzure ? '' : url.pathname.replace(/\/openai(\/.*)?$/, '').replace(/\/+$/, '')
  return `${url.origin}${own}/openai/v1`
}

/** The base of an OpenAI-compatible API: what stands before `/chat/completions`. */
export function compatibleBase(url: URL): string {
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '').replace(/\/chat\/completions$/, '')
}

const OLLAMA_PORT = '11434'

/**
 * `OLLAMA_HOST` as a URL, in the forms that Ollama itself takes: a host, a port after a colon, both,
 * an address with its scheme. What a server listens on everywhere by is reached on this machine.
 */
export function ollamaUrl(text: string): string {
  const trimmed = text
    .trim()
    .replace(/^(["'])(.*)\1$/, '$2')
    .trim()
  if (/^[a-z]+:\/\//i.test(trimmed)) return withReachableHost(trimmed)
  const bare = trimmed.replace(/\/+$/, '')
  const isIpv6 = /^[0-9a-f:]*:[0-9a-f]*:[0-9a-f:]*$/i.test(bare)
  const [, host = '', port] = isIpv6
    ? [bare, `[${bare}]`, undefined]
    : (/^(.*?)(?::(\d+))?$/.exec(bare) ?? [])
  return withReachableHost(`http://${host || '127.0.0.1'}:${port ?? OLLAMA_PORT}`)
}

function withReachableHost(address: string): string {
  return address.replace('//0.0.0.0', '//127.0.0.1').replace('//[::]', '//[::1]')
}
