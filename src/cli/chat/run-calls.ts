import { ProtocolError, SdkError, SdkErrorCode } from '@modelcontextprotocol/client'
import type { ModelMessage, ToolResultPart } from 'ai'
import { CommandError, Interrupted } from '../exit-codes.ts'
import { printableLine, type Terminal } from '../terminal.ts'
import { failed, type Outcome } from './outcome.ts'
import type { ChatServer } from './server.ts'
import type { ModelCall } from './step.ts'
import type { ChatTool } from './tools.ts'

/** A call of a tool that there is. */
export type ToolCall = ModelCall & {
  readonly tool: ChatTool
  readonly args: Readonly<Record<string, unknown>>
}

/** Where calls are shown. */
export type CallStage = {
  called(call: ModelCall): void
  cameOf(call: ModelCall, outcome: Outcome): void
  /** Asks the person; only for what changes or deletes. Undefined: nobody is there to ask. */
  mayRun(call: ToolCall): Promise<boolean | undefined>
}

export type Run = {
  readonly server: ChatServer
  readonly tools: ReadonlyMap<string, ChatTool>
  /** Gets the results, each as soon as it is there. */
  readonly turn: ModelMessage[]
  readonly stage: CallStage
  readonly terminal: Terminal
}

/** How many calls of one step are run; a model that runs wild calls without end. */
export const MAX_CALLS = 20

/** Runs the calls one after the other, in the model's order: one may rest on what came before. */
export async function runCalls(calls: readonly ModelCall[], run: Run): Promise<void> {
  const { stage, terminal } = run
  const results = calls.map((call) => toResult(call, SKIPPED))
  run.turn.push({ role: 'tool', content: results })
  for (const [i, call] of calls.entries()) {
    if (terminal.signal.aborted) throw new Interrupted()
    stage.called(call)
    let outcome = SKIPPED
    const settle = (next: Outcome) => {
      outcome = next
      results[i] = toResult(call, next)
    }
    try {
      settle(i < MAX_CALLS ? await runCall(call, run, settle) : TOO_MANY)
    } finally {
      // Also of one that was broken off: it may have been done.
      stage.cameOf(call, outcome)
    }
  }
}

/** The results of calls that are not run: each call has to have one. */
export function skipCalls(calls: readonly ModelCall[]): readonly ModelMessage[] {
  if (calls.length === 0) return []
  return [{ role: 'tool', content: calls.map((call) => toResult(call, SKIPPED)) }]
}

const SKIPPED: Outcome = { kind: 'skipped', text: 'Not run: the answer was stopped before.' }
const TOO_MANY = failed(`Not run: ${MAX_CALLS} calls at once are the most.`)
const DECLINED: Outcome = { kind: 'declined', text: 'Not done: the user declined it.' }
const NOBODY: Outcome = {
  kind: 'declined',
  text: 'Not done: it changes or deletes something, and nobody is there to be asked.',
}
const UNKNOWN = failed('Stopped while it ran: it is not known whether it was done.')

async function runCall(
  call: ModelCall,
  run: Run,
  settle: (outcome: Outcome) => void,
): Promise<Outcome> {
  const { name, args } = call
  const tool = run.tools.get(name)
  if (!tool) {
    const names = [...run.tools.keys()].join(', ') || 'none'
    return failed(`There is no tool ${JSON.stringify(name)}. There are: ${names}.`)
  }
  if (!isObject(args)) return failed('Not run: the arguments are not a JSON object.')
  if (tool.isDestructive) {
    const isAllowed = await run.stage.mayRun({ ...call, tool, args })
    if (isAllowed === undefined) return NOBODY
    if (!isAllowed) return DECLINED
  }
  // Where what follows is broken off, the model has to know that it had begun.
  settle(UNKNOWN)
  return callTool(tool, args, run)
}

/** What the server refuses is for the model to mend; that it is away is for the person to know. */
async function callTool(
  tool: ChatTool,
  args: Readonly<Record<string, unknown>>,
  { server, terminal }: Run,
): Promise<Outcome> {
  try {
    return await server.use((client) => tool.call(client, args, terminal.signal), terminal)
  } catch (error) {
    if (error instanceof ProtocolError) {
      return failed(`The server refused the call: ${printableLine(error.message)}`)
    }
    if (error instanceof CommandError && isOfAnswer(error.cause)) {
      return failed(`It is not known whether it was done. ${error.message}`)
    }
    throw error
  }
}

const OF_ANSWER: ReadonlySet<SdkErrorCode> = new Set([
  SdkErrorCode.RequestTimeout,
  SdkErrorCode.InvalidResult,
  SdkErrorCode.UnsupportedResultType,
])

/** Whether the server is there, and only its answer is late or not to be used. */
function isOfAnswer(error: unknown): boolean {
  return error instanceof SdkError && OF_ANSWER.has(error.code)
}

function toResult({ id, name }: ModelCall, { kind, text: value }: Outcome): ToolResultPart {
  const type = kind === 'done' ? 'text' : 'error-text'
  return { type: 'tool-result', toolCallId: id, toolName: name, output: { type, value } }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
