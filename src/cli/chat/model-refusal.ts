import { printableLine } from '../terminal.ts'
import type { ModelSettings } from './model-providers.ts'

/** What a model's server answered in place of a completion. */
export type Refusal = {
  /** 0 where it came in the middle of an answer. */
  readonly status: number
  readonly code: string
  /** The member of the request that it is about. */
  readonly param: string
  /** What it says, made safe to show. */
  readonly message: string
  /** How long it asks to be left alone, in milliseconds. */
  readonly pause: number | undefined
  /** What it says of another attempt, if it does. */
  readonly mayRetry: boolean | undefined
}

/** Reads an error in any of the shapes that there are: OpenAI's, Azure's, Ollama's, a proxy's page. */
export function parseRefusal(
  status: number,
  headers: Headers,
  body: unknown,
  settings: ModelSettings,
): Refusal {
  const outer = objectOf(Array.isArray(body) ? body[0] : body)
  const inner = objectOf(outer.error)
  const text = [inner.message, outer.error, outer.message, outer.detail, body].find(
    (one) => typeof one === 'string',
  )
  const retry = headers.get('x-should-retry')
  return {
    status,
    code: wordOf(inner.code ?? outer.code ?? inner.type),
    param: wordOf(inner.param),
    message: /^\s*</.test(text ?? '') ? '' : safeWords(text ?? '', settings),
    pause: pauseOf(headers),
    mayRetry: retry === null ? undefined : retry === 'true',
  }
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function wordOf(value: unknown): string {
  const isWord = typeof value === 'string' || typeof value === 'number'
  return isWord ? printableLine(String(value)).slice(0, 80) : ''
}

/** Keys, whole and as some servers repeat them in part, and tokens. */
const SECRETS = /\b(sk|pk|gh[a-z]|github_pat)[-_][\w*.-]{4,}|\beyJ[\w-]{8,}[\w.-]*/g

/** Words of a server's, without what nobody is to read over a shoulder. */
export function safeWords(text: string, { key }: ModelSettings): string {
  const own = key && key.kind !== 'entra' ? key.value : undefined
  const bare = own ? text.replaceAll(own, '…') : text
  return printableLine(bare.replace(SECRETS, '…')).slice(0, 300)
}

/** RFC 9110 §10.2.3: seconds or a date; OpenAI has milliseconds besides. */
function pauseOf(headers: Headers): number | undefined {
  const exact = headers.get('retry-after-ms')
  if (exact !== null && /^\d+(\.\d+)?$/.test(exact)) return Number(exact)
  const text = headers.get('retry-after')
  if (text === null) return undefined
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000
  const time = Date.parse(text)
  return Number.isNaN(time) ? undefined : Math.max(0, time - Date.now())
}
