import { createRequire } from 'node:module'
import type { LanguageModel } from 'ai'
import { staysHere } from '../client/server-url.ts'
import { type Environment, isFromDotEnv } from '../env.ts'
import { CommandError } from '../exit-codes.ts'
import type { Model } from './model-errors.ts'
import { createModelFetch } from './model-fetch.ts'
import { findModel } from './model-list.ts'
import type { ModelKey, ModelSettings, Provider } from './model-providers.ts'
import { resolveModelSettings } from './model-settings.ts'
import { createTokenSource } from './model-token.ts'

/** A model to talk to. */
export type ChatModel = Model & {
  readonly model: LanguageModel
  /** For the person, such as `gpt-4.1 (Azure OpenAI, contoso.openai.azure.com)`. */
  readonly title: string
  /** What a person should know before they say anything. */
  readonly warning: string | undefined
}

export type ResolveModelOptions = {
  /** `--model`, which beats `ENTRANCE_MODEL`. */
  readonly model?: string | undefined
  /** Aborts when the person presses Ctrl-C. */
  readonly signal: AbortSignal
  /** Tells the person why it takes longer. */
  readonly note: (text: string) => void
  /** How a server is reached. @default the platform's */
  readonly fetch?: typeof fetch
}

/** Who it is, where its name stands in a sentence. */
const TITLES: ReadonlyMap<Provider, string> = new Map([
  ['azure', 'Azure OpenAI'],
  ['compatible', 'OpenAI-compatible'],
  ['openai', 'OpenAI'],
  ['github', 'GitHub Models'],
  ['ollama', 'Ollama'],
])

/**
 * The model that `--model` and the variables name, ready to be talked to. Call it with
 * `maxRetries: 0`: attempts are made below it. Throws what is missing or wrong, with what to do.
 */
export async function resolveModel(
  env: Environment,
  options: ResolveModelOptions,
): Promise<ChatModel> {
  const given = resolveModelSettings(env, options.model)
  const createProvider = await loadProvider()
  const key = given.key && keyOf(given.key, env, options.signal)
  const settings = await withName(given, options, key?.headers ?? {})
  const model: Model = { settings, title: titleOf(settings) }
  const provider = createProvider({
    name: settings.provider,
    baseURL: settings.base,
    ...(key?.token && { apiKey: key.token }),
    ...(key?.headers && { headers: key.headers }),
    includeUsage: true,
    fetch: createModelFetch({ ...options, model }),
  })
  return {
    ...model,
    model: provider(settings.name ?? ''),
    warning: warningOf(settings),
  }
}

/** Named by whoever has configured it, or by the server itself. */
async function withName(
  settings: ModelSettings,
  options: ResolveModelOptions,
  headers: Record<string, string>,
): Promise<ModelSettings> {
  if (settings.name !== undefined) return settings
  const model = { settings, title: titleOf(settings) }
  const ask = { headers, signal: options.signal, fetch: options.fetch ?? fetch }
  return { ...settings, name: await findModel(model, ask) }
}

function titleOf({ provider, name, base }: ModelSettings): string {
  const where = `${TITLES.get(provider)}, ${new URL(base).host}`
  return name === undefined ? where : `${name} (${where})`
}

type Shown = { readonly headers?: Record<string, string>; readonly token?: () => Promise<string> }

function keyOf(key: ModelKey, env: Environment, signal: AbortSignal): Shown {
  if (key.kind === 'entra') return { token: createTokenSource(key.resource, env, signal) }
  if (key.kind === 'api-key') return { headers: { 'api-key': key.value } }
  return { headers: { authorization: `Bearer ${key.value}` } }
}

/** The variable that an address comes of. */
const ADDRESSES: ReadonlyMap<Provider, string> = new Map([
  ['azure', 'AZURE_OPENAI_ENDPOINT'],
  ['compatible', 'OPENAI_BASE_URL'],
  ['openai', 'OPENAI_BASE_URL'],
  ['ollama', 'OLLAMA_HOST'],
])

/** All that is said goes to the model, so it matters who has chosen it and who can read along. */
function warningOf({ provider, base }: ModelSettings): string | undefined {
  const url = new URL(base)
  if (staysHere(url)) return undefined
  const isPlain = url.protocol !== 'https:'
  const isFolders = isFromDotEnv(ADDRESSES.get(provider) ?? '')
  if (!isPlain && !isFolders) return undefined
  const how = isPlain ? ' by plain http: everybody on the way can read it' : ''
  const who = isFolders ? ' This folder’s .env says so.' : ''
  return `What you say, and what your tools answer, goes to ${url.host}${how}.${who}`
}

/** The packages that to chat takes, each with the major version. */
const PACKAGES = [
  ['ai', '7'],
  ['@ai-sdk/openai-compatible', '3'],
] as const

const INSTALL = 'npm install ai@7 @ai-sdk/openai-compatible@3'

/** Loaded here and only here: whoever does not chat need not have them. */
async function loadProvider() {
  try {
    // It would write its own warnings into the conversation.
    globalThis.AI_SDK_LOG_WARNINGS = false
    const [{ createOpenAICompatible }] = await Promise.all([
      import('@ai-sdk/openai-compatible'),
      import('ai'),
    ])
    for (const [name, major] of PACKAGES) checkVersion(name, major)
    return createOpenAICompatible
  } catch (error) {
    // Yarn's Plug'n'Play says it without Node's ERR_.
    if (!/MODULE_NOT_FOUND$/.test(String((error as NodeJS.ErrnoException).code))) throw error
    throw new CommandError('To chat takes two packages that are not installed.', {
      cure: `Install them beside entrance: ${INSTALL}`,
      cause: error,
    })
  }
}

/** npm may have put any beside us: whoever does not chat has them for another purpose, as they are. */
function checkVersion(name: string, major: string): void {
  const { version } = createRequire(import.meta.url)(`${name}/package.json`)
  // An older `ai` would pass over the instructions, and say nothing.
  if (version.startsWith(`${major}.`)) return
  throw new CommandError(
    `To chat takes version ${major} of the package ${name}; this is ${version}.`,
    {
      cure: `Install it beside entrance: ${INSTALL}`,
    },
  )
}
