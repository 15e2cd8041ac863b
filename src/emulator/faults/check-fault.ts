import type { Fault } from './fault.ts'

type Check = { readonly isRight: (value: unknown) => boolean; readonly expected: string }

const text = (value: unknown) =>
  typeof value === 'string' && value.length > 0 && value.length <= 2048
const within = (min: number, max: number) => (value: unknown) =>
  Number.isInteger(value) && (value as number) >= min && (value as number) <= max
const flag: Check = { isRight: (value) => typeof value === 'boolean', expected: 'true or false' }
const words: Check = { isRight: text, expected: 'a text of 1 to 2048 characters' }

/** What `match` may have. */
export const MATCH: ReadonlyMap<string, Check> = new Map([
  ['endpoint', words],
  ['grant', words],
  ['clientId', words],
  ['nth', { isRight: within(1, 1_000_000), expected: 'a whole number from 1 to 1000000' }],
])

const MAX_BODY = 64 * 1024

/** What `action` may have. */
export const ACTION: ReadonlyMap<string, Check> = new Map([
  ['delay', { isRight: within(0, 60_000), expected: 'milliseconds, from 0 to 60000' }],
  [
    'drop',
    {
      isRight: (value) => value === 'request' || value === 'response',
      expected: '"request" or "response"',
    },
  ],
  ['status', { isRight: within(400, 599), expected: 'a status from 400 to 599' }],
  [
    'body',
    {
      isRight: (value) => (JSON.stringify(value)?.length ?? Infinity) <= MAX_BODY,
      expected: `a JSON value of ${MAX_BODY} characters at most`,
    },
  ],
  ['html', flag],
  ['retryAfter', { isRight: within(0, 86_400), expected: 'seconds, from 0 to 86400' }],
  ['truncate', flag],
  [
    'dateSkew',
    { isRight: within(-31_536_000, 31_536_000), expected: 'seconds, a year at most either way' },
  ],
])

/** Throws a `TypeError` that names everything that is wrong with a fault. */
export function checkFault(fault: unknown): asserts fault is Fault {
  if (!isObject(fault)) throw new TypeError('A fault is { match?, action }.')
  const { match = {}, action, ...others } = fault
  const problems = [
    ...Object.keys(others).map((name) => `There is no ${name} in a fault, only match and action.`),
    ...checkMembers('match', match, MATCH),
    ...checkMembers('action', action, ACTION),
    ...(isObject(action) ? checkCombination(action) : []),
  ]
  if (problems.length > 0) throw new TypeError(problems.join(' '))
}

function checkMembers(name: string, value: unknown, checks: ReadonlyMap<string, Check>): string[] {
  const known = [...checks.keys()].join(', ')
  if (!isObject(value)) return [`${name} has to be an object with some of ${known}.`]
  return Object.entries(value).flatMap(([key, member]) => {
    const check = checks.get(key)
    if (!check) return [`There is no ${name}.${key}, only ${known}.`]
    if (member === undefined || check.isRight(member)) return []
    return [`${name}.${key} has to be ${check.expected}.`]
  })
}

function checkCombination(action: Record<string, unknown>): string[] {
  const given = Object.keys(action).filter((key) => action[key] !== undefined)
  if (given.length === 0) return ['action is empty: say what is to happen.']
  const hasAnswer = ['status', 'body', 'html'].some((key) => given.includes(key))
  if (given.includes('body') && !given.includes('status'))
    return ['action.body needs action.status.']
  if (given.includes('drop') && (hasAnswer || given.includes('truncate'))) {
    return ['action.drop leaves no answer that status, body, html or truncate could change.']
  }
  return []
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
