import type { ModelCall, ModelReply, ModelRequest } from './scripted-model.ts'

/** The events of a stream, as OpenAI sends them: usage comes after the end, with no choice. */
export function eventsOf(request: ModelRequest, step: ModelReply): string[] {
  const { stream_options } = request.body as { stream_options?: { include_usage?: boolean } }
  const event = (choices: readonly unknown[], more = {}) =>
    `data: ${JSON.stringify({ ...headOf(request, 'chat.completion.chunk'), choices, ...more })}\n\n`
  const delta = (change: unknown) => event([{ index: 0, delta: change, finish_reason: null }])
  const finish = finishOf(step)
  const [first = '', ...others] = [
    delta({ role: 'assistant', content: '' }),
    ...split(step.reasoning).map((reasoning_content) => delta({ reasoning_content })),
    ...split(step.text).map((content) => delta({ content })),
    ...callDeltas(step.calls ?? []).map((call) => delta({ tool_calls: [call] })),
    ...(finish === null ? [] : [event([{ index: 0, delta: {}, finish_reason: finish }])]),
    ...(stream_options?.include_usage ? [event([], { usage: USAGE })] : []),
    ...(step.done === false ? [] : ['data: [DONE]\n\n']),
  ]
  return [first, ...(step.lines ?? []).map((line) => `${line}\n\n`), ...others]
}

const USAGE = { prompt_tokens: 120, completion_tokens: 30, total_tokens: 150 }

/**
 * Calls side by side: their names first, then their arguments in turn, three code units at a time,
 * which cuts escapes, and characters beyond the first plane in two.
 */
function callDeltas(calls: readonly ModelCall[]): object[] {
  const names = calls.map(({ name }, index) => {
    const id = `call_${index}_${name}`
    return { index, id, type: 'function', function: { name, arguments: '' } }
  })
  const pieces = calls.map((call) => split(argumentsOf(call)))
  const rounds = Math.max(0, ...pieces.map(({ length }) => length))
  const args = Array.from({ length: rounds }, (_, round) =>
    pieces.flatMap((parts, index) => {
      const part = parts[round]
      return part === undefined ? [] : [{ index, function: { arguments: part } }]
    }),
  )
  return [...names, ...args.flat()]
}

function argumentsOf({ json, args }: ModelCall): string {
  return json ?? JSON.stringify(args ?? {})
}

function split(text = ''): string[] {
  return Array.from({ length: Math.ceil(text.length / 3) }, (_, at) =>
    text.slice(at * 3, at * 3 + 3),
  )
}

function finishOf({ finish, calls }: ModelReply): string | null {
  return finish === undefined ? (calls ? 'tool_calls' : 'stop') : finish
}

function headOf({ body }: ModelRequest, object: string) {
  return { id: 'chatcmpl-tests', object, created: 1_700_000_000, model: body.model }
}

/** The same in one piece, for who does not want a stream. */
export function completionOf(request: ModelRequest, step: ModelReply): object {
  const tool_calls = step.calls?.map((call, index) => ({
    id: `call_${index}_${call.name}`,
    type: 'function',
    function: { name: call.name, arguments: argumentsOf(call) },
  }))
  const message = {
    role: 'assistant',
    content: step.text ?? null,
    ...(tool_calls && { tool_calls }),
  }
  const choices = [{ index: 0, message, finish_reason: finishOf(step) }]
  return { ...headOf(request, 'chat.completion'), choices, usage: USAGE }
}
