/** A message of a conversation, as the Chat Completions protocol has it. */
export type ChatMessage = {
  readonly role: 'system' | 'developer' | 'user' | 'assistant' | 'tool'
  readonly content?: string | readonly unknown[] | null
  readonly tool_calls?: readonly {
    readonly id: string
    readonly function: { readonly name: string; readonly arguments: string }
  }[]
  readonly tool_call_id?: string
}

/** A tool that the model may call. */
export type ChatTool = {
  readonly type: 'function'
  readonly function: {
    readonly name: string
    readonly description?: string
    readonly parameters?: Readonly<Record<string, unknown>>
  }
}

const ROLES = new Set(['system', 'developer', 'user', 'assistant', 'tool'])

/** What is wrong with a request, as OpenAI's own server would refuse it; undefined: nothing. */
export function findFault(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null) return 'The body is not a JSON object.'
  const { model, messages, tools } = body as Record<string, unknown>
  if (typeof model !== 'string' || model === '') return 'you must provide a model parameter'
  if (!Array.isArray(messages) || messages.length === 0) return "'messages' is empty."
  if (tools !== undefined && (!Array.isArray(tools) || tools.length === 0)) {
    return "'tools' is an empty array; it has to be left out."
  }
  const faults = [
    ...(Array.isArray(tools) ? tools : []).map(findToolFault),
    ...messages.map((message) => findMessageFault(message as ChatMessage)),
    findOrderFault(messages),
  ]
  return faults.find((fault) => fault !== undefined)
}

function findToolFault(tool: ChatTool): string | undefined {
  const { name, parameters } = tool.function
  if (tool.type !== 'function') return `Unknown type of tool: ${tool.type}`
  if (!/^[a-zA-Z0-9_-]{1,64}$/.test(name)) return `Invalid name of a tool: '${name}'`
  if (parameters !== undefined && parameters.type !== 'object') {
    return `Invalid schema for function '${name}': schema must be of type object`
  }
  return undefined
}

function findMessageFault({ role, content, tool_calls }: ChatMessage): string | undefined {
  if (!ROLES.has(role)) return `Invalid role: '${role}'`
  const isEmpty = content === undefined || content === null
  if (isEmpty && !tool_calls?.length) return `A message of ${role} has neither content nor calls.`
  const broken = tool_calls?.find((call) => !isJson(call.function.arguments))
  return broken && `The arguments of ${broken.id} are not JSON: ${broken.function.arguments}`
}

/** After calls come their answers, one for each, and nothing between. */
function findOrderFault(messages: readonly ChatMessage[]): string | undefined {
  let open = new Set<string>()
  for (const { role, tool_calls, tool_call_id } of messages) {
    if (role === 'tool') {
      if (!open.delete(tool_call_id ?? '')) {
        return "messages with role 'tool' must be a response to a preceding message with 'tool_calls'"
      }
      continue
    }
    if (open.size > 0) break
    open = new Set(tool_calls?.map(({ id }) => id))
  }
  if (open.size === 0) return undefined
  const missing = [...open].join(', ')
  return `An assistant message with 'tool_calls' must be followed by tool messages; missing: ${missing}`
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
