import type { ModelMessage } from 'ai'

/** What the person said, and all that came of it. */
export type Turn = readonly ModelMessage[]

/** How much of the conversation the model is given, in characters of JSON: some 15,000 tokens. */
export const MAX_HISTORY = 60_000

/** What stays of a tool's result that has to make room. */
const SHORTENED = 400

const REMARK = '\n[shortened, to make room in the conversation]'

/**
 * The conversation, made to fit. The rule, until it does: the tools' results of earlier turns are
 * shortened, the oldest first; then the oldest turns go; then the results of the present turn are
 * shortened, the oldest first. What the person has just said always stays.
 */
export function fitHistory(turns: readonly Turn[], max = MAX_HISTORY): readonly Turn[] {
  const kept = turns.map((turn) => [...turn])
  const present = kept.length - 1
  let size = sizeOf(kept)
  const shorten = (turn: ModelMessage[]) => {
    for (const [i, message] of turn.entries()) {
      if (size <= max) return
      const shorter = shortenResults(message)
      size += sizeOf(shorter) - sizeOf(message)
      turn[i] = shorter
    }
  }
  for (const turn of kept.slice(0, present)) shorten(turn)
  while (size > max && kept.length > 1) size -= sizeOf(kept.shift())
  for (const turn of kept.slice(-1)) shorten(turn)
  return kept
}

function shortenResults(message: ModelMessage): ModelMessage {
  if (message.role !== 'tool') return message
  const content = message.content.map((part) => {
    if (part.type !== 'tool-result') return part
    const { output } = part
    const isText = output.type === 'text' || output.type === 'error-text'
    if (!isText || output.value.length <= SHORTENED + REMARK.length) return part
    return { ...part, output: { ...output, value: cut(output.value, SHORTENED) + REMARK } }
  })
  return { ...message, content }
}

/** The text's beginning, whole characters only. */
export function cut(text: string, length: number): string {
  return text.slice(0, length).replace(/[\ud800-\udbff]$/, '')
}

function sizeOf(value: unknown): number {
  return JSON.stringify(value)?.length ?? 0
}
