import { CommandError } from '../exit-codes.ts'
import type { Graph, GraphCall } from '../graph/graph-client.ts'
import { GraphError, isConflict } from '../graph/graph-error.ts'
import { BLANK } from './az.ts'
import type { Difference } from './types.ts'

/** What the calls gave: `$APP`, `$OID`, `$SP`, `$SECRET`. */
export type Given = ReadonlyMap<string, string>

/**
 * What was read is older than what is there: another run has written meanwhile, or an earlier one
 * whose changes have not arrived where we read. It has to be read again.
 */
export class ReadTooEarly extends CommandError {
  override readonly name = 'ReadTooEarly'
}

export type ApplyOptions = {
  /** What is known already; what the calls give is put there too. @default nothing */
  readonly blanks?: Map<string, string>
  /** Told before each call. */
  readonly note?: (call: GraphCall) => void
  /** Told as soon as an id or a secret is known: whatever happens next, it must not be lost. */
  readonly given?: (blank: string, value: string) => void
}

/** Sends the calls of differences in their order. Throws `GraphError`, or {@link ReadTooEarly}. */
export async function applyDifferences(
  graph: Graph,
  differences: readonly Difference[],
  { note, given, blanks = new Map() }: ApplyOptions = {},
): Promise<Given> {
  for (const call of differences.flatMap(({ calls }) => calls)) {
    const filled = fillBlanks(call, blanks)
    note?.(filled)
    for (const [blank, value] of await sendCall(graph, filled)) {
      blanks.set(blank, value)
      given?.(blank, value)
    }
  }
  return blanks
}

/** Every call is about something that is there, or has just been made: the directory may lag. */
async function sendCall(graph: Graph, call: GraphCall): Promise<[string, string][]> {
  const { gives = {}, finds } = call
  const sent = graph.send<Record<string, unknown>>(call, { isDependent: true })
  const isMade = call.headers?.Prefer === 'create-if-missing'
  const answer = await sent.catch((error: unknown) => {
    if (isOutdated(error) || (isMade && isConflict(error))) throw readTooEarly(call, error)
    // A grant that is there already is one that another run has made.
    if (isConflict(error) && (finds !== undefined || isGrant(call))) return undefined
    throw error
  })
  if (!answer && isMade) throw readTooEarly(call)
  const found = answer ?? (finds === undefined ? undefined : await find(graph, finds))
  return Object.entries(gives).map(([blank, member]) => [
    blank,
    readGiven(call, member, found?.[member]),
  ])
}

/** An id or a secret; what is none would be sent on, and written down, as one. */
function readGiven({ why }: GraphCall, member: string, value: unknown): string {
  const shape = member === 'secretText' ? /^[\x21-\x7e]{1,200}$/ : /^[\w-]{1,100}$/
  if (typeof value === 'string' && shape.test(value)) return value
  throw new CommandError(`${why}: the answer of Microsoft Graph does not say what came of it.`, {
    cure: 'Run it again: it goes on where it stopped.',
  })
}

/** A list that lacks a scope which is there by now would remove it, and that is refused. */
function isOutdated(error: unknown): boolean {
  return error instanceof GraphError && error.code === 'CannotDeleteOrUpdateEnabledEntitlement'
}

function readTooEarly({ why }: GraphCall, cause?: unknown): ReadTooEarly {
  return new ReadTooEarly(`${why}: it has been changed meanwhile.`, {
    cure: 'Run it again in some minutes: it goes on where it stopped.',
    cause,
  })
}

function find(graph: Graph, path: string): Promise<Record<string, unknown> | undefined> {
  const call: GraphCall = { method: 'GET', path, why: 'Find what is there already' }
  return graph.send(call, { isDependent: true })
}

function isGrant({ method, path }: GraphCall): boolean {
  return method === 'POST' && path === '/oauth2PermissionGrants'
}

/** The call with what earlier answers gave in the place of its blanks. */
export function fillBlanks(call: GraphCall, blanks: Given): GraphCall {
  const fill = (text: string) => fillText(text, blanks)
  const { body, finds } = call
  return {
    ...call,
    path: fill(call.path),
    why: fill(call.why),
    ...(finds !== undefined && { finds: fill(finds) }),
    ...(body && { body: JSON.parse(fill(JSON.stringify(body))) }),
  }
}

/** A difference with what is known by now in the place of its blanks. */
export function fillDifference(difference: Difference, blanks: Given): Difference {
  const filled = JSON.parse(fillText(JSON.stringify(difference), blanks)) as Difference
  return { ...filled, calls: difference.calls.map((call) => fillBlanks(call, blanks)) }
}

function fillText(text: string, blanks: Given): string {
  return text.replace(BLANK, (blank) => blanks.get(blank) ?? blank)
}
