import { CommandError, UsageError } from '../exit-codes.ts'
import { printableLine } from '../terminal.ts'
import { explainRefusal, explainUnreachable, type Model } from './model-errors.ts'
import { readText } from './model-fetch.ts'
import { isModelName } from './model-providers.ts'
import { parseRefusal } from './model-refusal.ts'

/** How a list is asked for. */
export type Ask = {
  readonly headers: Readonly<Record<string, string>>
  readonly signal: AbortSignal
  readonly fetch: typeof fetch
}

/** How long a list may take, in milliseconds; it is on the machine itself, or near. */
const TIMEOUT = 10_000

const MAX_BYTES = 1024 * 1024

/** How many models are looked at, and named. */
const MAX_MODELS = 30

/** A model to take where none is named: Ollama's first that can call tools, or a server's only one. */
export async function findModel(model: Model, ask: Ask): Promise<string> {
  return model.settings.provider === 'ollama' ? findInOllama(model, ask) : findOnly(model, ask)
}

async function findInOllama(model: Model, ask: Ask): Promise<string> {
  const origin = model.settings.base.replace(/\/v1$/, '')
  const { models } = await get(model, ask, `${origin}/api/tags`)
  const names = namesOf(models, 'name')
  if (names.length === 0) {
    throw new CommandError(`Ollama at ${new URL(origin).host} has no model yet.`, {
      cure: 'Get one with: ollama pull qwen3',
    })
  }
  for (const name of names) {
    const body = JSON.stringify({ model: name })
    const { capabilities } = await get(model, ask, `${origin}/api/show`, { method: 'POST', body })
    if (Array.isArray(capabilities) && capabilities.includes('tools')) return name
  }
  throw new CommandError(`Of the models that Ollama has, none can call tools: ${list(names)}.`, {
    cure: 'Get one that can, with: ollama pull qwen3',
  })
}

async function findOnly(model: Model, ask: Ask): Promise<string> {
  const { data } = await get(model, ask, `${model.settings.base}/models`)
  const names = namesOf(data, 'id')
  if (names.length === 1) return names[0] as string
  const host = new URL(model.settings.base).host
  throw new UsageError(
    `OPENAI_MODEL is not set, and ${host} has ${names.length === 0 ? 'no list of models' : `${names.length} models`}.`,
    names.length === 0 ? 'Set it.' : `Set it to one of: ${list(names)}`,
  )
}

async function get(
  model: Model,
  { headers, signal, fetch: doFetch }: Ask,
  url: string,
  init: RequestInit = {},
): Promise<Record<string, unknown>> {
  const signals = [signal, AbortSignal.timeout(TIMEOUT)]
  try {
    const response = await doFetch(url, {
      ...init,
      headers,
      signal: AbortSignal.any(signals),
      redirect: 'manual',
    })
    const text = await readText(response, MAX_BYTES)
    if (response.ok) return parse(text)
    const { status } = response
    if (status !== 401 && status !== 403) return notAList(model, status)
    throw explainRefusal(model, parseRefusal(status, response.headers, parse(text), model.settings))
  } catch (error) {
    if (signal.aborted || error instanceof CommandError) throw error
    throw explainUnreachable(model, error)
  }
}

/** Of Ollama it is wanted; others need not have one. */
function notAList({ settings }: Model, status: number): Record<string, unknown> {
  if (settings.provider !== 'ollama') return {}
  const { host } = new URL(settings.base)
  throw new CommandError(`${host} does not answer as Ollama does (${status}).`, {
    cure: 'See that OLLAMA_HOST is where Ollama runs; for another server, set OPENAI_BASE_URL.',
  })
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

function namesOf(items: unknown, member: string): string[] {
  const names = [items].flat().map((item) => (item as Record<string, unknown> | null)?.[member])
  return names
    .filter((name) => typeof name === 'string' && isModelName(name))
    .slice(0, MAX_MODELS) as string[]
}

function list(names: readonly string[]): string {
  return printableLine(names.join(', ')).slice(0, 500)
}
