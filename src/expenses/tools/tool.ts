import type { CallToolResult, Tool, ToolAnnotations } from '@modelcontextprotocol/server'
import type { z } from 'zod'
import type { Log } from '../../log.ts'
import { advertise } from '../advertise.ts'
import { showGiven } from '../arguments.ts'
import { type ExpenseStore, type Owner, UncertainError } from '../expense-store.ts'
import type { Currency } from '../money.ts'

/** What the tools and resources ask of a store: nothing that goes beyond one owner. */
export type OwnExpenses = Pick<
  ExpenseStore,
  'add' | 'list' | 'find' | 'update' | 'delete' | 'summarize'
>

export type ToolsOptions = {
  readonly expenses: OwnExpenses
  readonly currency: Currency
  readonly now: () => Date
  readonly log: Log
}

/** A tool as it is written down. */
export type ToolDefinition<Input extends z.ZodObject> = {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly input: Input
  readonly output: z.ZodObject
  readonly annotations: Required<Omit<ToolAnnotations, 'title' | 'openWorldHint'>>
  readonly meta?: Record<string, unknown>
  /** What did not happen, as a sentence without its end: refusals and failures begin with it. */
  readonly refused: string
  /** What the storage did not do, and the event's name for it in the log. */
  readonly failed: string
  readonly event: string
  /** What to do when the storage may have done it: the answer was lost. */
  readonly uncertain?: string
  run(owner: Owner, args: z.output<Input>): Promise<CallToolResult>
}

/** A tool, ready to be listed and called. */
export type PreparedTool = {
  /** As `tools/list` shows it. */
  readonly listed: Tool
  /** Checks the arguments and answers in words; never rejects. */
  readonly call: (owner: Owner, args: unknown) => Promise<CallToolResult>
}

/** Converts the schemas once. */
export function prepareTool<Input extends z.ZodObject>(
  tool: ToolDefinition<Input>,
  log: Log,
): PreparedTool {
  const { name, title, description, input, annotations, meta } = tool
  const listed: Tool = {
    name,
    title,
    description,
    inputSchema: advertise(input, 'input'),
    outputSchema: advertise(tool.output, 'output'),
    // Nothing but the user's own expenses is touched.
    annotations: { ...annotations, openWorldHint: false },
    ...(meta && { _meta: meta }),
  }
  const optional = namesOfOptional(input)
  const call = async (owner: Owner, args: unknown): Promise<CallToolResult> => {
    const parsed = input.safeParse(withoutEmpty(args, optional))
    if (!parsed.success) return refuse(tool.refused, parsed.error, input)
    try {
      return await tool.run(owner, parsed.data)
    } catch (error) {
      logFailure(log, tool.event, owner, error)
      return error instanceof UncertainError && tool.uncertain
        ? toolError(tool.uncertain)
        : toolError(`${tool.refused}: ${tool.failed}`)
    }
  }
  return { listed, call }
}

function namesOfOptional({ shape }: z.ZodObject): ReadonlySet<string> {
  const fields = Object.entries(shape as Record<string, z.ZodType>)
  return new Set(fields.filter(([, field]) => field.safeParse(undefined).success).map(([n]) => n))
}

/** Many models write null or an empty text for what they mean to leave out. */
function withoutEmpty(args: unknown, optional: ReadonlySet<string>): unknown {
  if (typeof args !== 'object' || args === null || Array.isArray(args)) return args
  const isEmpty = (value: unknown) => value === null || value === ''
  const left = Object.entries(args).filter(([n, value]) => !(isEmpty(value) && optional.has(n)))
  return Object.fromEntries(left)
}

/** An answer that tells a model and a person what was wrong. */
export function toolError(text: string): CallToolResult {
  return { isError: true, content: [{ type: 'text', text }] }
}

/** What the storage said goes to the log, and nowhere else. */
export function logFailure(log: Log, event: string, { tid, oid }: Owner, error: unknown): void {
  const reason = error instanceof Error ? error.message : String(error)
  log({ event, level: 'error', message: `The expenses storage failed: ${reason}`, tid, oid })
}

/** Names every wrong argument at once: what was given, and what is accepted. */
function refuse(outcome: string, error: z.ZodError, schema: z.ZodObject): CallToolResult {
  const known = `The arguments are ${Object.keys(schema.shape).join(', ')}.`
  const lines = error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.slice(0, 10).map((key) => `- ${showGiven(key)}: no such argument. ${known}`)
      : `- ${issue.path.join('.') || 'arguments'}: ${issue.message}`,
  )
  return toolError([`${outcome}.`, ...lines].join('\n'))
}
