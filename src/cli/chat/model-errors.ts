import { unreachable } from '../client/fetch.ts'
import { CommandError, Interrupted } from '../exit-codes.ts'
import type { ModelSettings } from './model-providers.ts'
import { parseRefusal, type Refusal, safeWords } from './model-refusal.ts'

/** Whose error it is. */
export type Model = { readonly settings: ModelSettings; readonly title: string }

type Told = { readonly problem: string; readonly cure: string }

/** One cause of a refusal: how it is known, and what to say. The first that fits counts. */
type Cause = {
  readonly is: (refusal: Refusal, settings: ModelSettings) => boolean
  readonly tell: (model: Model, refusal: Refusal) => Told
}

const says = (pattern: RegExp) => (refusal: Refusal) =>
  pattern.test(`${refusal.code} ${refusal.message}`)

/** Whether another attempt cannot help, though the status says that it might. */
export function isFinal({ code, message }: Refusal): boolean {
  return /insufficient_quota|exceeded your current quota|billing|requires more system memory/i.test(
    `${code} ${message}`,
  )
}

const CAUSES: readonly Cause[] = [
  {
    is: says(/content_filter|ResponsibleAIPolicyViolation|content management policy/i),
    tell: ({ title }) => ({
      problem: `The content filter in front of ${title} has stopped this.`,
      cure: 'Say it in other words. Whoever runs the model can change what its filter stops.',
    }),
  },
  {
    is: (refusal) =>
      refusal.status === 413 ||
      says(
        /context_length_exceeded|tokens_limit_reached|context (length|window|size)|prompt is too long/i,
      )(refusal),
    tell: ({ title }) => ({
      problem: `The conversation has become too long for ${title}.`,
      cure: 'Start a new one, ask for less at once (a period, a category), or take a model that reads more.',
    }),
  },
  {
    is: (refusal) =>
      refusal.status === 402 || says(/insufficient_quota|current quota|billing/i)(refusal),
    tell: ({ title }) => ({
      problem: `The account of ${title} has nothing left to spend.`,
      cure: 'Look at its billing page; or take a local model: --model ollama',
    }),
  },
  {
    is: says(/\bv1\/responses/i),
    tell: ({ title }) => ({
      problem: `${title} calls tools by another protocol only, which this command does not speak.`,
      cure: 'Take another model of the same provider.',
    }),
  },
  {
    is: says(
      /(does not|doesn't|do not) support (tools|function)|tools? (is|are|calling is) not supported|tool choice requires/i,
    ),
    tell: ({ title, settings }) => ({
      problem: `${title} cannot call tools, and so cannot do anything for you here.`,
      cure:
        settings.provider === 'ollama'
          ? 'Take one that can, such as: ollama pull qwen3'
          : 'Take a model that can.',
    }),
  },
  {
    is: says(/AuthenticationTypeDisabled|key.based authentication is disabled/i),
    tell: ({ title }) => ({
      problem: `The resource of ${title} takes no keys.`,
      cure: 'Unset AZURE_OPENAI_API_KEY, and sign in with: az login',
    }),
  },
  {
    is: (refusal) =>
      refusal.status === 403 &&
      says(/virtual network|firewall|private endpoint|public (network )?access/i)(refusal),
    tell: ({ title }) => ({
      problem: `The resource of ${title} does not let your network in.`,
      cure: 'Use the network that it is open to (a VPN), or have its owner let yours in under Networking.',
    }),
  },
  {
    is: says(/requires more system memory/i),
    tell: ({ title }) => ({
      problem: `${title} does not fit into the memory of its machine.`,
      cure: 'Take a smaller one, such as: ollama pull qwen3:4b',
    }),
  },
  {
    is: ({ status, code, message }, { provider, key }) =>
      provider === 'azure' &&
      key?.kind !== 'api-key' &&
      (status === 401 || status === 403) &&
      /PermissionDenied|data action|does not have access/i.test(`${code} ${message}`),
    tell: ({ title }) => ({
      problem: `Your account may not use ${title}.`,
      cure: "Have the resource's owner give it the role 'Cognitive Services OpenAI User'; that takes some minutes to work.",
    }),
  },
  { is: ({ status }) => status === 401, tell: tellUnauthorized },
  {
    is: ({ status }) => status === 403,
    tell: ({ title, settings }) => ({
      problem: `${title} may not be used by this account.`,
      cure: retiredOr(
        settings,
        'See what the provider gives the account or the project of the key.',
      ),
    }),
  },
  { is: ({ status }) => status === 404 || status === 410, tell: tellNotFound },
  {
    is: ({ status }) => status === 429,
    tell: ({ title }, { pause }) => ({
      problem: `${title} has had enough requests for now.`,
      cure:
        pause === undefined
          ? 'Wait a minute, and ask again.'
          : `Ask again in ${Math.max(1, Math.ceil(pause / 1000))} s: it wants so long.`,
    }),
  },
  {
    is: ({ status }) => status >= 500 || status === 408,
    tell: ({ title }, { status }) => ({
      problem: `${title} has trouble of its own (${status}).`,
      cure: 'Ask again in a while. Whoever runs it finds more in its log, or on its status page.',
    }),
  },
]

const ADDRESS = 'Check the address: with most servers it ends in /v1'

const OTHER: Cause['tell'] = ({ title }, { status }) => ({
  problem: status
    ? `${title} refuses the request (${status}).`
    : `${title} broke off with an error.`,
  // Who says 200 to an error does not know the path, as a rule.
  cure: status === 200 ? ADDRESS : 'What it says is all there is to know; another model may do.',
})

function tellUnauthorized({ title, settings }: Model): Told {
  const { key } = settings
  if (key === undefined) {
    const cure = 'Put a key into OPENAI_API_KEY.'
    return { problem: `${title} wants a key.`, cure }
  }
  if (key.kind === 'entra') {
    return {
      problem: `${title} does not take your sign-in to Azure.`,
      cure: 'Sign in to the tenant that the resource is in: az login --tenant <tenant>',
    }
  }
  return {
    problem: `${title} does not know the key in ${key.variable}.`,
    cure: `Copy it again, and check that it is for ${new URL(settings.base).host}.`,
  }
}

function tellNotFound(model: Model, refusal: Refusal): Told {
  const { title, settings } = model
  const isModel = says(/DeploymentNotFound|model_not_found|model .*not (found|exist)|deployment/i)(
    refusal,
  )
  const address = {
    problem: `There is no model behind ${settings.base}/chat/completions.`,
    cure: retiredOr(settings, ADDRESS),
  }
  if (!isModel) return address
  const cures: ReadonlyMap<string, string> = new Map([
    [
      'azure',
      'Check AZURE_OPENAI_DEPLOYMENT: it is the name of the deployment, not of the model. A new one takes some minutes.',
    ],
    ['ollama', `Get it with: ollama pull ${settings.name}`],
    ['github', retiredOr(settings, '')],
  ])
  return {
    problem: `${title} is not there.`,
    cure:
      cures.get(settings.provider) ??
      'Check OPENAI_MODEL: it may be retired, or not be open to this account.',
  }
}

function retiredOr({ provider }: ModelSettings, cure: string): string {
  if (provider !== 'github') return cure
  return 'GitHub Models was retired on 30 July 2026: take another provider; for nothing: --model ollama'
}

/** What a server's refusal means, and what to do. */
export function explainRefusal(model: Model, refusal: Refusal): CommandError {
  const cause = CAUSES.find(({ is }) => is(refusal, model.settings))
  const { problem, cure } = (cause?.tell ?? OTHER)(model, refusal)
  const said = refusal.message && ` It says: ${refusal.message}`
  return new CommandError(`${problem}${said}`, { cure })
}

/** Nobody answered. The cause is left out: by its code, `ai` would try again of its own accord. */
export function explainUnreachable({ settings }: Model, error: unknown): CommandError {
  const { message, cure } = unreachable(new URL(settings.base), error)
  const isDown = settings.provider === 'ollama' && /nothing listens/.test(message)
  return new CommandError(message, {
    cure: isDown
      ? 'Start Ollama with: ollama serve (or see that OLLAMA_HOST is where it runs).'
      : retiredOr(settings, cure ?? ''),
  })
}

/** It has said nothing for too long. */
export function silent({ title, settings }: Model): CommandError {
  return new CommandError(`${title} has said nothing for ${settings.silence / 1000} s.`, {
    cure: 'Ask again; ENTRANCE_MODEL_TIMEOUT gives it more seconds, up to 300, as a model that is being loaded may need.',
  })
}

/** The connection went in the middle. */
export function cutOff({ title }: Model): CommandError {
  return new CommandError(`The answer of ${title} was cut off in the middle.`, {
    cure: 'Ask again; see first what it has already done.',
  })
}

/** What came is none of the protocol's. */
export function nonsense({ title, settings }: Model, what: string): CommandError {
  return new CommandError(`${title} answers ${what}.`, {
    cure: `Check that ${settings.base} is the base of an OpenAI-compatible API, and that no proxy stands between.`,
  })
}

const GARBLED = new Set([
  'AI_JSONParseError',
  'AI_TypeValidationError',
  'AI_InvalidResponseDataError',
])

/** Whatever `ai` throws, or puts into its stream, as a sentence for the person. */
export function explainModelError(error: unknown, model: Model): CommandError {
  const own = findCommandError(error)
  if (own) return own
  // An event of the stream that is an error, as the server wrote it.
  if (!(error instanceof Error) || error.name === 'AI_StreamProviderError') {
    const body = typeof error === 'string' ? error : { error: toPlain(error) }
    return explainRefusal(model, parseRefusal(0, new Headers(), body, model.settings))
  }
  if (error.name === 'AbortError' || error.name === 'ResponseAborted') return new Interrupted()
  // A stream that ends before it says that it does.
  if (/without a finish reason/.test(error.message)) return cutOff(model)
  if (GARBLED.has(error.name)) return nonsense(model, 'something that cannot be read')
  const words = safeWords(error.message, model.settings)
  return new CommandError(`${model.title} failed: ${words}`, { cause: error })
}

/** The members of an error that say something, its message among them. */
function toPlain(error: unknown): unknown {
  return error instanceof Error ? { ...error, message: error.message } : error
}

/** Ours may be wrapped: as a cause, or as the last of several attempts. */
function findCommandError(error: unknown): CommandError | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 8; depth++) {
    if (at instanceof CommandError) return at
    at = 'lastError' in at ? at.lastError : at.cause
  }
  return undefined
}

/** Why an answer that has ended is not whole; undefined: it is. */
export function explainFinish(reason: string, { title }: Model): string | undefined {
  if (reason === 'length') return `${title} has reached the longest answer that it gives.`
  if (reason === 'content-filter') return `The content filter of ${title} has cut the answer off.`
  return undefined
}
