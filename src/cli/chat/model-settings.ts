import { ConfigError, type ConfigProblem } from '../../core/errors.ts'
import { suggest } from '../../emulator/configuration/suggest.ts'
import type { Environment } from '../env.ts'
import { UsageError } from '../exit-codes.ts'
import { commandName } from '../terminal.ts'
import {
  deployment,
  isModelName,
  type ModelSettings,
  OPENAI_MODEL,
  PROVIDERS,
  type Provider,
  RESOLVE,
  type Resolve,
} from './model-providers.ts'

/** Joins `--model` and the variables. Throws what is wrong, all of it at once. */
export function resolveModelSettings(env: Environment, option?: string): ModelSettings {
  const problems: ConfigProblem[] = []
  const { provider, name } = choose(env, option)
  const resolve = RESOLVE.get(provider) as Resolve
  const resolved = resolve(name, env, problems)
  const silence = readSilence(env, problems) * 1000
  if (problems.length > 0) throw new ConfigError(problems)
  return { provider, ...resolved, silence }
}

/** `<provider>` or `<provider>/<model>`; a model's own name may have slashes in it. */
function choose(env: Environment, option?: string): { provider: Provider; name?: string } {
  const text = (option || env.ENTRANCE_MODEL || '').trim()
  if (text === '') return { provider: firstConfigured(env) }
  const [, word = '', name] = /^([^/]*)(?:\/(.*))?$/s.exec(text) ?? []
  const provider = PROVIDERS.find((one) => one === word.toLowerCase())
  const source = option ? '--model' : 'ENTRANCE_MODEL'
  if (!provider) throw unknownProvider(source, word)
  if (name === undefined) return { provider }
  if (isModelName(name)) return { provider, name }
  throw new UsageError(
    `${source} names no model after ${provider}/.`,
    `Write it as ${provider}/ and the model’s name, or ${provider} alone.`,
  )
}

function unknownProvider(source: string, word: string): UsageError {
  const meant = suggest(word, PROVIDERS)
  // A key that was put there by mistake is not repeated.
  const shown = /^[\w.:-]{1,40}$/.test(word) && !/^(sk|gh[a-z]|github_pat)[-_]/.test(word)
  return new UsageError(
    `${source}: ${shown ? `'${word}'` : 'what it begins with'} is not a provider of models.`,
    `${meant ? `Is ${meant} meant? ` : ''}Write <provider>/<model>, the provider being one of ${PROVIDERS.join(', ')}.`,
  )
}

/** GitHub's token is on many machines for other ends, so it chooses nothing. */
function firstConfigured(env: Environment): Provider {
  if (env.AZURE_OPENAI_ENDPOINT || env.AZURE_OPENAI_API_KEY || deployment(env)) return 'azure'
  if (env.OPENAI_BASE_URL) return 'compatible'
  if (env.OPENAI_API_KEY) return 'openai'
  if (env.GITHUB_MODEL) return 'github'
  if (env.OLLAMA_MODEL || env.OLLAMA_HOST) return 'ollama'
  throw noModel(env)
}

function noModel(env: Environment): UsageError {
  return new UsageError(
    'No model is configured.',
    `Set the variables of one of these:
  Azure OpenAI    AZURE_OPENAI_ENDPOINT, AZURE_OPENAI_DEPLOYMENT; and AZURE_OPENAI_API_KEY, or: az login
  OpenAI          OPENAI_API_KEY; OPENAI_MODEL for another than ${OPENAI_MODEL}
  one compatible  OPENAI_BASE_URL, OPENAI_MODEL; OPENAI_API_KEY where it wants one
  Ollama          OLLAMA_MODEL; OLLAMA_HOST where it is elsewhere
Without an account, free, and on this machine, with Ollama (https://ollama.com/download):
  $ ollama pull qwen3
  $ ${commandName(env)} chat --model ollama/qwen3`,
  )
}

const SILENCE = 120

/** How long a model may say nothing, in seconds. */
function readSilence(env: Environment, problems: ConfigProblem[]): number {
  const text = env.ENTRANCE_MODEL_TIMEOUT
  if (!text) return SILENCE
  const seconds = Number(text)
  // Five minutes is as long as this program's own connections wait.
  if (/^\d+$/.test(text) && seconds > 0 && seconds <= 300) return seconds
  problems.push({
    option: 'ENTRANCE_MODEL_TIMEOUT',
    problem: 'is not a whole number of seconds from 1 to 300.',
    cure: `Leave it out for ${SILENCE}.`,
  })
  return SILENCE
}
