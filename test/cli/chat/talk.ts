import { streamText, type ToolSet } from 'ai'
import { type ChatModel, resolveModel } from '../../../src/cli/chat/model.ts'
import { explainModelError } from '../../../src/cli/chat/model-errors.ts'
import type { CommandError } from '../../../src/cli/exit-codes.ts'

/** What became of something said to a model. */
export type Talk = {
  readonly text: string
  readonly calls: readonly { readonly name: string; readonly input: unknown }[]
  readonly finish: string | undefined
  /** Tokens in all. */
  readonly tokens: number | undefined
  readonly error: CommandError | undefined
  /** What the person was told on the way. */
  readonly notes: readonly string[]
  readonly model: ChatModel
}

export type TalkOptions = {
  readonly model?: string
  readonly say?: string
  readonly tools?: ToolSet | undefined
  readonly signal?: AbortSignal
  readonly fetch?: typeof fetch
  /** Told of each piece of text as it comes. */
  readonly heard?: (text: string) => void
}

/** Resolves the model of these variables, says something to it, and takes what comes. */
export async function talk(
  env: Record<string, string>,
  { model: named, say = 'Hello', tools, signal, fetch, heard }: TalkOptions = {},
): Promise<Talk> {
  const notes: string[] = []
  const interrupt = signal ?? new AbortController().signal
  const note = (text: string) => void notes.push(text)
  const options = { model: named, signal: interrupt, note, ...(fetch && { fetch }) }
  const model = await resolveModel(env, options)
  const result = streamText({
    ...{ model: model.model, prompt: say, maxRetries: 0, abortSignal: interrupt },
    ...(tools && { tools }),
    onError: () => {},
  })
  let text = ''
  let finish: string | undefined
  let tokens: number | undefined
  let error: CommandError | undefined
  const calls: { name: string; input: unknown }[] = []
  try {
    for await (const part of result.fullStream) {
      if (part.type === 'text-delta') {
        text += part.text
        heard?.(part.text)
      }
      if (part.type === 'tool-call') calls.push({ name: part.toolName, input: part.input })
      if (part.type === 'error') error ??= explainModelError(part.error, model)
      if (part.type === 'abort') error ??= explainModelError(abortError(), model)
      if (part.type === 'finish') {
        finish = part.finishReason
        tokens = part.totalUsage.totalTokens
      }
    }
  } catch (thrown) {
    error ??= explainModelError(thrown, model)
  }
  return { text, calls, finish, tokens, error, notes, model }
}

function abortError(): Error {
  return new DOMException('This operation was aborted', 'AbortError')
}
