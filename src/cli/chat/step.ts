import type {
  FinishReason,
  JSONSchema7,
  LanguageModel,
  LanguageModelUsage,
  ModelMessage,
  TextStreamPart,
  ToolSet,
} from 'ai'
import { CommandError, Interrupted } from '../exit-codes.ts'
import type { ChatTool } from './tools.ts'

/** A tool call as the model wrote it. */
export type ModelCall = {
  readonly id: string
  readonly name: string
  /** Not always an object: models write what they like. */
  readonly args: unknown
}

/** What one request to the model gave. */
export type Step = {
  readonly text: string
  readonly calls: readonly ModelCall[]
  /** The model's own turn, for the history. */
  readonly message: ModelMessage | undefined
  readonly usage: LanguageModelUsage
  readonly finish: FinishReason
}

export type StepRequest = {
  readonly model: LanguageModel
  readonly instructions: string
  readonly messages: readonly ModelMessage[]
  readonly tools: ReadonlyMap<string, ChatTool>
  readonly signal: AbortSignal
  /** Takes the text as it comes. */
  readonly onText: (text: string) => void
}

/** How much a model may write at once, in characters; one that runs wild does not stop by itself. */
const MAX_OUTPUT = 200_000

/** Sends the conversation to the model once, and follows the answer to its end. */
export async function takeStep(request: StepRequest): Promise<Step> {
  // Loaded here: whoever does not chat need not have it.
  const { jsonSchema, streamText } = await import('ai')
  const { signal } = request
  const tooMuch = new AbortController()
  const result = streamText({
    model: request.model,
    instructions: request.instructions,
    messages: [...request.messages],
    tools: toToolSet(request.tools, jsonSchema),
    // The model's fetch has made its attempts.
    maxRetries: 0,
    abortSignal: AbortSignal.any([signal, tooMuch.signal]),
    // Each is thrown below.
    onError: () => {},
  })
  const written: Written = { text: '', size: 0, calls: [] }
  for await (const part of result.stream) {
    if (part.type === 'error') throw part.error
    if (part.type === 'abort') {
      if (signal.aborted) throw new Interrupted()
      throw wroteTooMuch()
    }
    takePart(part, written, request.onText)
    if (written.size > MAX_OUTPUT) tooMuch.abort()
  }
  const { finishReason, usage, responseMessages } = result
  const message = (await responseMessages).find(({ role }) => role === 'assistant')
  const { text, calls } = written
  return { text, calls, message, usage: await usage, finish: await finishReason }
}

/**
 * The tools as the AI SDK takes them. Without `execute`: calls are run by the loop, one after the other and
 * after the person has been asked. The server checks the arguments, for what it says of wrong ones
 * is what a model can mend them by.
 */
function toToolSet(
  tools: ReadonlyMap<string, ChatTool>,
  jsonSchema: typeof import('ai')['jsonSchema'],
): ToolSet {
  const entries = [...tools.values()].map(({ name, description, inputSchema }) => [
    name,
    { description, inputSchema: jsonSchema(inputSchema as JSONSchema7) },
  ])
  return Object.fromEntries(entries)
}

type Written = { text: string; size: number; readonly calls: ModelCall[] }

function takePart(part: TextStreamPart<ToolSet>, written: Written, onText: StepRequest['onText']) {
  switch (part.type) {
    case 'text-delta':
      written.text += part.text
      written.size += part.text.length
      return onText(part.text)
    case 'reasoning-delta':
      written.size += part.text.length
      return
    case 'tool-input-delta':
      written.size += part.delta.length
      return
    case 'tool-call':
      // Calls of nothing count as well.
      written.size += part.toolCallId.length + part.toolName.length + 20
      written.calls.push({ id: part.toolCallId, name: part.toolName, args: part.input })
  }
}

function wroteTooMuch(): CommandError {
  return new CommandError(
    `The model wrote more than ${MAX_OUTPUT} characters at once, and was stopped.`,
  )
}
