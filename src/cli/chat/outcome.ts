import type { CallToolResult, ReadResourceResult } from '@modelcontextprotocol/client'
import { showResult } from '../client/show-result.ts'
import { cut } from './history.ts'

/** What came of a tool call. */
export type Outcome = {
  /** `declined`: the person, or nobody, allowed it; `skipped`: it never came to it. */
  readonly kind: 'done' | 'failed' | 'declined' | 'skipped'
  /** For the model; bounded. */
  readonly text: string
  /** For the person, where the model's is not the one to show. */
  readonly shown?: string
  /** As the server gave it, where it did. */
  readonly structured?: unknown
}

/** How much of one result the model is given, in characters. */
export const MAX_RESULT = 24_000

/** Up to here the model is given a result as words and as data; beyond, it is too much twice. */
const MAX_BOTH = 4_000

/** What a tool answered. */
export function toOutcome(result: CallToolResult): Outcome {
  const json = jsonOf(result.structuredContent)
  const structured = json === undefined ? undefined : result.structuredContent
  const shown = showResult({ ...result, structuredContent: structured })
  return {
    kind: result.isError ? 'failed' : 'done',
    text: limit(forModel(shown, json)) || 'Done; there is nothing to show.',
    shown,
    ...(structured !== undefined && { structured }),
  }
}

/** A resource's contents. */
export function toResourceOutcome({ contents }: ReadResourceResult): Outcome {
  const content = contents.map((resource) => ({ type: 'resource' as const, resource }))
  return { kind: 'done', text: limit(showResult({ content })) || 'It is empty.' }
}

/** A failure in words. */
export function failed(text: string): Outcome {
  return { kind: 'failed', text: limit(text) }
}

/** The data has what the words may leave out, such as ids. */
function forModel(text: string, json: string | undefined): string {
  if (json === undefined) return text
  const isWorthBoth = !isJsonOf(text, json) && text.length + json.length <= MAX_BOTH
  return isWorthBoth ? `${text}\n${json}`.trim() : json
}

/** Undefined, too, where it is nested so deeply that nothing can be done with it: the words remain. */
function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

function isJsonOf(text: string, json: string): boolean {
  try {
    return JSON.stringify(JSON.parse(text)) === json
  } catch {
    return false
  }
}

function limit(text: string): string {
  if (text.length <= MAX_RESULT) return text
  const left = text.length - MAX_RESULT
  return `${cut(text, MAX_RESULT)}\n[${left} more characters are left out here: ask for less, with the tool's filters or limit]`
}
