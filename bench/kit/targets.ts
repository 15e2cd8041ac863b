// The targets, one by one: what is wanted, in what unit, and when it is met.
import type { Unit } from './figure.ts'

export type Target = {
  readonly what: string
  readonly unit: Unit
  /** The bound, in `unit`. */
  readonly bound: number
  /** Whether the bound is the least that is wanted, or the most that is allowed. */
  readonly is: 'least' | 'most'
}

const GUARDED = 'tool calls with a valid token, requests/s, beside'

export const TARGETS = {
  'call-unchecked': least(95, '%', `${GUARDED} the same server without any check`),
  'call-fastmcp-python': least(5, '×', `${GUARDED} FastMCP (Python) with its Azure provider`),
  'call-fastmcp-typescript': least(
    1.5,
    '×',
    `${GUARDED} FastMCP (TypeScript) with its Azure provider`,
  ),
  'gate-seen': most(10, 'µs', 'CPU that the gate adds to a request, with a token seen before'),
  'gate-new': most(100, 'µs', 'CPU that the gate adds to a request, with a new token'),
  'gate-bad': most(30, 'µs', 'CPU that it takes to refuse a bad token'),
  'sign-in-cpu': most(3, 'ms', 'CPU of the server for a whole sign-in, one process, SQLite'),
  'sign-in-fastmcp-python': least(
    10,
    '×',
    'whole sign-ins per second of CPU, beside FastMCP (Python)',
  ),
  'storm-memory': most(
    32,
    'MB',
    'memory that 1,000,000 registrations and 1,000,000 abandoned authorizations leave behind',
  ),
  'storm-store': most(0, 'bytes', 'what they leave behind in the store'),
  'idle-memory': most(90, 'MB', 'memory of an idle `entrance serve` against real Entra'),
  start: most(400, 'ms', 'from the start to the first 200, built'),
  replicas: least(1.8, '×', 'tool calls per second of two replicas, beside one'),
  'growth-call': most(1.1, '×', '`/mcp` with 1,000,000 live grants, beside 1,000'),
  'growth-refresh': most(1.5, '×', 'a refresh with 1,000,000 live grants, beside 1,000'),
  'install-size': most(5, 'MB', 'size of an install beside the MCP SDK'),
  'install-packages': most(12, 'packages', 'packages of an install beside the MCP SDK'),
  'install-scripts': most(0, 'packages', 'packages of it with an install script'),
} as const satisfies Record<string, Target>

export type TargetId = keyof typeof TARGETS

export function isMet({ bound, is }: Target, value: number): boolean {
  return is === 'least' ? value >= bound : value <= bound
}

function least(bound: number, unit: Unit, what: string): Target {
  return { what, unit, bound, is: 'least' }
}

function most(bound: number, unit: Unit, what: string): Target {
  return { what, unit, bound, is: 'most' }
}
