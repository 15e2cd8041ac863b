import type { Environment } from '../env.ts'
import { CommandError } from '../exit-codes.ts'
import { askCli } from '../graph/azure-clis.ts'

/** A token is used until so shortly before its end, in milliseconds. */
const RENEW_BEFORE = 300_000

/** How long one is used that does not say when it ends, in milliseconds. */
const UNKNOWN_TTL = 60_000

type Token = { readonly text: string; readonly endsAt: number }

/**
 * Tokens of whoever is signed in to Azure on this machine, by the Azure CLI or the Azure Developer
 * CLI. One is kept until shortly before its end; however many need one at once, it is asked for once.
 */
export function createTokenSource(
  resource: string,
  env: Environment,
  signal: AbortSignal,
): () => Promise<string> {
  let kept: Token | undefined
  let underWay: Promise<Token> | undefined
  return async () => {
    if (kept && kept.endsAt - RENEW_BEFORE > Date.now()) return kept.text
    underWay ??= requestToken(resource, env, signal).finally(() => {
      underWay = undefined
    })
    kept = await underWay
    return kept.text
  }
}

async function requestToken(
  resource: string,
  env: Environment,
  signal: AbortSignal,
): Promise<Token> {
  const problems: { problem: string; cure: string; isMissing: boolean }[] = []
  for (const name of ['az', 'azd'] as const) {
    // Whichever tenant they are signed in to is meant: the server's own may be another.
    const answer = await askCli(name, resource, undefined, env, signal)
    signal.throwIfAborted()
    if ('token' in answer) return toToken(answer.token)
    problems.push(answer)
  }
  const said = problems.map(({ problem }) => problem).join('\n')
  const best = problems.find(({ isMissing }) => !isMissing) ?? problems[0]
  throw new CommandError(`Nobody is signed in to Azure OpenAI.\n${said}`, {
    cure: `${best?.cure}\nOr put a key into AZURE_OPENAI_API_KEY, or a token into AZURE_OPENAI_AD_TOKEN.`,
  })
}

/** What it says of its end is not verified: if it is not so, Azure refuses it. */
function toToken(text: string): Token {
  if (!/^[\x21-\x7e]+$/.test(text)) throw new CommandError('The Azure CLI gave no usable token.')
  const exp = expiryOf(text)
  const known = typeof exp === 'number' && Number.isFinite(exp)
  return { text, endsAt: known ? exp * 1000 : Date.now() + RENEW_BEFORE + UNKNOWN_TTL }
}

function expiryOf(text: string): unknown {
  try {
    const payload = Buffer.from(text.split('.')[1] ?? '', 'base64url').toString()
    return (JSON.parse(payload) as { exp?: unknown } | null)?.exp
  } catch {
    return undefined
  }
}
