import { readSummary, type Summary } from './summary.ts'

/** A tool's answer as the host passes it on: nothing in it can be relied on. */
export type Answer = {
  readonly structuredContent?: unknown
  readonly content?: unknown
  readonly isError?: boolean | undefined
}

/** What there is to show. */
export type Outcome =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'summary'; readonly summary: Summary }
  | { readonly kind: 'problem'; readonly title: string; readonly text: string }

/** An answer that is no summary, and says nothing else either. */
export const UNREADABLE: Outcome = {
  kind: 'problem',
  title: 'The answer could not be read',
  text: 'It is not the summary that this page shows.',
}

/** A summary, or the words that came instead of one. */
export function readAnswer({ structuredContent, content, isError }: Answer): Outcome {
  const text = textOf(content)
  if (isError) return { kind: 'problem', title: 'The figures could not be read', text }
  const summary = readSummary(structuredContent)
  if (summary) return { kind: 'summary', summary }
  // A host may pass on the text alone: it is the same figures.
  return text === '' ? UNREADABLE : { kind: 'problem', title: 'Only text came', text }
}

// An answer with a summary is some hundred characters of text.
const MAX_TEXT = 4000

function textOf(content: unknown): string {
  if (!Array.isArray(content)) return ''
  return content
    .filter((block) => block?.type === 'text' && typeof block.text === 'string')
    .map(({ text }) => text)
    .join('\n')
    .slice(0, MAX_TEXT)
}
