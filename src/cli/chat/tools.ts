import type { Client, Tool } from '@modelcontextprotocol/client'
import { CommandError } from '../exit-codes.ts'
import { MAX_NAME, type Offer } from './offer.ts'
import { type Outcome, toOutcome, toResourceOutcome } from './outcome.ts'

/** A tool as the model sees it, and how it is called. */
export type ChatTool = {
  /** As models take it; the server's own may have more characters. */
  readonly name: string
  /** The server's own name for it, where that is another. */
  readonly ownName: string | undefined
  readonly title: string | undefined
  readonly description: string
  readonly inputSchema: Readonly<Record<string, unknown>>
  /** Whether it changes or deletes what is there, as far as the server says. */
  readonly isDestructive: boolean
  call(
    client: Client,
    args: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
  ): Promise<Outcome>
}

/** More than this, OpenAI refuses. */
const MAX_TOOLS = 128

/** How much all of them may say of themselves, in characters: the person pays for it at each step. */
const MAX_DESCRIPTIONS = 400_000

/** A tool may take its time; Ctrl-C tells the server to stop. */
const TOOL_TIMEOUT = 10 * 60 * 1000

/** The server's tools, and one to read its resources where it has any, by the model's names. */
export function toChatTools(offer: Offer): ReadonlyMap<string, ChatTool> {
  const tools = new Map<string, ChatTool>()
  const add = (given: string, tool: Omit<ChatTool, 'name' | 'ownName'>) => {
    const name = freeName(given, tools)
    const ownName = name === given ? undefined : given.slice(0, MAX_NAME)
    if (tools.size < MAX_TOOLS) tools.set(name, { name, ownName, ...tool })
  }
  for (const tool of offer.tools) add(tool.name, toChatTool(tool))
  if (offer.resources.length + offer.templates.length > 0) add('read_resource', readResource(offer))
  checkSize(offer.name, [...tools.values()])
  return tools
}

function checkSize(server: string, tools: readonly ChatTool[]): void {
  const { length } = JSON.stringify(tools)
  if (length <= MAX_DESCRIPTIONS) return
  throw new CommandError(
    `${server} describes its tools in ${length} characters; ${MAX_DESCRIPTIONS} are the most that a model is given.`,
  )
}

/**
 * MCP's defaults: a tool that does not say that it only reads, or that it only adds, is taken to
 * change what is there.
 */
function isDestructive({ annotations = {} }: Tool): boolean {
  return annotations.readOnlyHint !== true && annotations.destructiveHint !== false
}

function toChatTool(tool: Tool): Omit<ChatTool, 'name' | 'ownName'> {
  const { $schema: _, ...inputSchema } = tool.inputSchema
  return {
    title: (tool.title ?? tool.annotations?.title)?.slice(0, MAX_NAME),
    description: tool.description ?? '',
    inputSchema,
    isDestructive: isDestructive(tool),
    call: async (client, args, signal) => {
      const options = { signal, timeout: TOOL_TIMEOUT, resetTimeoutOnProgress: true }
      return toOutcome(await client.callTool({ name: tool.name, arguments: args }, options))
    },
  }
}

function readResource({ name, resources, templates }: Offer): Omit<ChatTool, 'name' | 'ownName'> {
  const known = [
    ...resources
      .filter(({ annotations }) => annotations?.audience?.includes('assistant') ?? true)
      .map(({ uri, title, description }) => ({ uri, about: description ?? title })),
    ...templates.map((one) => ({ uri: one.uriTemplate, about: one.description ?? one.title })),
  ]
  const list = known.slice(0, 50).map(({ uri, about }) => (about ? `${uri}: ${about}` : uri))
  return {
    title: 'Read a resource',
    description: `Reads one of the resources of ${name}:\n${list.join('\n')}`,
    inputSchema: {
      type: 'object',
      properties: { uri: { type: 'string', description: 'The URI of the resource.' } },
      required: ['uri'],
      additionalProperties: false,
    },
    isDestructive: false,
    call: async (client, args, signal) =>
      toResourceOutcome(await client.readResource({ uri: String(args.uri) }, { signal })),
  }
}

/** Models' providers take letters, digits, `_` and `-`, 64 at most; and a name only once. */
function freeName(wanted: string, taken: ReadonlyMap<string, unknown>): string {
  const plain = wanted.replace(/[^\w-]/g, '_').slice(0, 60) || 'tool'
  let name = plain
  for (let i = 2; taken.has(name); i++) name = `${plain}_${i}`
  return name
}
