import type { ConfigProblem } from '../../core/errors.ts'
import { staysHere } from '../client/server-url.ts'
import { type Environment, isFromDotEnv } from '../env.ts'
import {
  azureBase,
  azureResource,
  compatibleBase,
  type GivenAddress,
  ollamaUrl,
  readAddress,
} from './model-address.ts'

/** Whose models there are, in the order in which they are looked at where none is named. */
export const PROVIDERS = ['azure', 'compatible', 'openai', 'github', 'ollama'] as const

export type Provider = (typeof PROVIDERS)[number]

/** How a request shows that it may. */
export type ModelKey =
  | { readonly kind: 'api-key' | 'bearer'; readonly value: string; readonly variable: string }
  /** A token of Entra's for this resource, of whoever is signed in to Azure on this machine. */
  | { readonly kind: 'entra'; readonly resource: string }

/** Which model is talked to, and how it is reached. */
export type ModelSettings = {
  readonly provider: Provider
  /** What stands before `/chat/completions`. */
  readonly base: string
  /** Undefined: whichever the server has. */
  readonly name: string | undefined
  readonly key: ModelKey | undefined
  /** How long it may say nothing, in milliseconds. */
  readonly silence: number
}

/** What a provider’s variables come to. */
type Resolved = Omit<ModelSettings, 'provider' | 'silence'>
export type Resolve = (
  name: string | undefined,
  env: Environment,
  problems: ConfigProblem[],
) => Resolved

/** How each provider’s variables are read. */
export const RESOLVE: ReadonlyMap<Provider, Resolve> = new Map([
  ['azure', resolveAzure],
  ['compatible', resolveCompatible],
  ['openai', resolveOpenAI],
  ['github', resolveGitHub],
  ['ollama', resolveOllama],
])

/** What Azure calls the model: the names that its own samples have for it, the usual one first. */
export function deployment(env: Environment): string | undefined {
  return (
    env.AZURE_OPENAI_DEPLOYMENT ||
    env.AZURE_OPENAI_CHAT_DEPLOYMENT ||
    env.AZURE_OPENAI_DEPLOYMENT_NAME ||
    env.AZURE_OPENAI_CHAT_DEPLOYMENT_NAME ||
    undefined
  )
}

const AZURE_EXAMPLE = 'https://<resource>.openai.azure.com'

function resolveAzure(
  named: string | undefined,
  env: Environment,
  problems: ConfigProblem[],
): Resolved {
  const key =
    readKey('AZURE_OPENAI_API_KEY', env.AZURE_OPENAI_API_KEY, 'api-key', problems) ??
    readKey('AZURE_OPENAI_AD_TOKEN', env.AZURE_OPENAI_AD_TOKEN, 'bearer', problems)
  const option = 'AZURE_OPENAI_ENDPOINT'
  const text = env.AZURE_OPENAI_ENDPOINT
  const given = { option, text: text ?? '', example: AZURE_EXAMPLE, isSecret: true }
  const url = text ? readAddress(given, problems) : undefined
  if (!text) problems.push(missing(option, `Set it to ${AZURE_EXAMPLE}`))
  const name = checkName('AZURE_OPENAI_DEPLOYMENT', named ?? deployment(env), problems)
  if (name === undefined && !deployment(env)) {
    const cure = 'Set it to the name that the model was deployed by, or give --model azure/<name>.'
    problems.push(missing('AZURE_OPENAI_DEPLOYMENT', cure))
  }
  if (!url) return { base: '', name, key }
  checkOrigin(given, key, problems)
  return { base: azureBase(url), name, key: key ?? entraKey(url, problems) }
}

function entraKey(url: URL, problems: ConfigProblem[]): ModelKey | undefined {
  // Here, too, somebody else may listen; Azure's own hosts show the token to nobody.
  const isFolders = isFromDotEnv('AZURE_OPENAI_ENDPOINT') && staysHere(url)
  const resource = isFolders ? undefined : azureResource(url)
  if (resource) return { kind: 'entra', resource }
  const problem = `is not set, and ${url.host} is no host of Azure OpenAI: your sign-in to Azure is shown to no other.`
  problems.push({
    option: 'AZURE_OPENAI_API_KEY',
    problem,
    cure: 'Set it to the key for that host.',
  })
  return undefined
}

/** OpenAI ends a model about a year after it has come; the cheapest of those that stay longest. */
export const OPENAI_MODEL = 'gpt-6-luna'

function resolveOpenAI(
  named: string | undefined,
  env: Environment,
  problems: ConfigProblem[],
): Resolved {
  const key = readKey('OPENAI_API_KEY', env.OPENAI_API_KEY, 'bearer', problems)
  if (!env.OPENAI_API_KEY) {
    problems.push(missing('OPENAI_API_KEY', 'Set it to a key of https://platform.openai.com'))
  }
  const name = checkName('OPENAI_MODEL', named ?? (env.OPENAI_MODEL || OPENAI_MODEL), problems)
  // As OpenAI's own libraries do: whoever has set it means all that speaks to OpenAI.
  const base = openAIBase(env, key, problems) ?? 'https://api.openai.com/v1'
  return { base, name, key }
}

function resolveCompatible(
  named: string | undefined,
  env: Environment,
  problems: ConfigProblem[],
): Resolved {
  const key = readKey('OPENAI_API_KEY', env.OPENAI_API_KEY, 'bearer', problems)
  const name = checkName('OPENAI_MODEL', named ?? (env.OPENAI_MODEL || undefined), problems)
  const base = openAIBase(env, key, problems)
  if (!env.OPENAI_BASE_URL) {
    problems.push(missing('OPENAI_BASE_URL', 'Set it to the address that its API is below.'))
  }
  return { base: base ?? '', name, key }
}

function openAIBase(
  env: Environment,
  key: ModelKey | undefined,
  problems: ConfigProblem[],
): string | undefined {
  const text = env.OPENAI_BASE_URL
  if (!text) return undefined
  const example = 'https://models.example.com/v1'
  const given = { option: 'OPENAI_BASE_URL', text, example, isSecret: key !== undefined }
  checkOrigin(given, key, problems)
  const url = readAddress(given, problems)
  return url && compatibleBase(url)
}

function resolveGitHub(
  named: string | undefined,
  env: Environment,
  problems: ConfigProblem[],
): Resolved {
  const key = readKey('GITHUB_TOKEN', env.GITHUB_TOKEN, 'bearer', problems)
  if (!env.GITHUB_TOKEN) {
    problems.push(missing('GITHUB_TOKEN', 'Set it to a token with the permission models:read.'))
  }
  const name = checkName('GITHUB_MODEL', named ?? (env.GITHUB_MODEL || undefined), problems)
  if (!named && !env.GITHUB_MODEL) {
    problems.push(missing('GITHUB_MODEL', 'Set it to a publisher and a model, as openai/gpt-4.1.'))
  }
  return { base: 'https://models.github.ai/inference', name, key }
}

function resolveOllama(
  named: string | undefined,
  env: Environment,
  problems: ConfigProblem[],
): Resolved {
  const option = 'OLLAMA_HOST'
  const example = 'http://localhost:11434'
  const text = ollamaUrl(env.OLLAMA_HOST ?? '')
  const url = readAddress({ option, text, example, isSecret: false }, problems)
  const name = checkName('OLLAMA_MODEL', named ?? (env.OLLAMA_MODEL || undefined), problems)
  return { base: url ? `${compatibleBase(url)}/v1` : '', name, key: undefined }
}

function missing(option: string, cure: string): ConfigProblem {
  return { option, problem: 'is not set.', cure }
}

/** Whether a provider could have given it to a model. */
export function isModelName(text: string): boolean {
  return /^[\x21-\x7e]{1,200}$/.test(text)
}

function checkName(
  option: string,
  name: string | undefined,
  problems: ConfigProblem[],
): string | undefined {
  if (name === undefined || isModelName(name)) return name
  const problem = 'is not the name of a model: it has blanks or other odd characters in it.'
  problems.push({ option, problem, cure: 'Write it as its provider lists it.' })
  return undefined
}

function readKey(
  variable: string,
  text: string | undefined,
  kind: 'api-key' | 'bearer',
  problems: ConfigProblem[],
): ModelKey | undefined {
  if (!text) return undefined
  if (/^[\x21-\x7e]{1,8192}$/.test(text)) return { kind, value: text, variable }
  const problem =
    text.trim() === '' ? 'is blank.' : 'has blanks or characters that no header carries.'
  problems.push({
    option: variable,
    problem,
    cure: 'Copy the key again, without anything around it.',
  })
  return undefined
}

/**
 * A folder's `.env` may be somebody else's: it must not send a key that it does not hold itself to
 * an address of its choice, not even on this machine, where other people's programs may listen.
 */
function checkOrigin(
  { option }: GivenAddress,
  key: ModelKey | undefined,
  problems: ConfigProblem[],
): void {
  if (key === undefined || key.kind === 'entra') return
  const isMixed = isFromDotEnv(option) && !isFromDotEnv(key.variable)
  if (!isMixed) return
  const problem = `stands in this folder’s .env, and ${key.variable} does not: the key would go wherever the folder says.`
  const cure = `Set both in one place; set ${option} yourself if you mean that address.`
  problems.push({ option, problem, cure })
}
