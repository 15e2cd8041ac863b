import type { Operator } from '../index.ts'
import { ApiError } from './api-error.ts'

/** What came with a request: its query, or its body. */
type Given = URLSearchParams | ReadonlyMap<string, unknown>

/** One operation, from what was given to what is answered. */
export type Route = (operator: Operator, given: Given) => Promise<unknown>

/** Every operation of the API. */
export const ROUTES: ReadonlyMap<string, Route> = new Map<string, Route>([
  [
    'GET /api/sessions',
    ({ sessions }, given) =>
      sessions.list({
        ...pagingOf(given),
        user: text(given, 'user'),
        client: text(given, 'client'),
      }),
  ],
  [
    'POST /api/sessions/revoke',
    async ({ sessions }, given) => ({ count: await sessions.revoke(targetOf(given, true)) }),
  ],
  ['GET /api/users', ({ users }, given) => users.list(pagingOf(given))],
  ['POST /api/users/block', ({ users }, given) => users.block(required(given, 'user'))],
  ['POST /api/users/unblock', ({ users }, given) => users.unblock(required(given, 'user'))],
  ['GET /api/clients', ({ clients }, given) => clients.list(pagingOf(given))],
  ['POST /api/clients/disable', ({ clients }, given) => clients.disable(required(given, 'client'))],
  ['POST /api/clients/enable', ({ clients }, given) => clients.enable(required(given, 'client'))],
  [
    'POST /api/consents/reset',
    async ({ consents }, given) => ({ count: await consents.reset(targetOf(given, false)) }),
  ],
])

export function findRoute(method: string, pathname: string): Route {
  const route = ROUTES.get(`${method} ${pathname}`)
  if (route) return route
  const allow = ['GET', 'POST'].filter((other) => ROUTES.has(`${other} ${pathname}`)).join(', ')
  if (allow === '') throw new ApiError(404, 'not_found', 'There is nothing at this address.')
  const text = `${method.slice(0, 20)} is not allowed here; ${allow} is.`
  throw new ApiError(405, 'method_not_allowed', text, { headers: { allow } })
}

function pagingOf(given: Given): { after: string | undefined; limit: number | undefined } {
  const limit = text(given, 'limit')
  return { after: text(given, 'after'), limit: limit === undefined ? undefined : Number(limit) }
}

type Target = { readonly user: string } | { readonly client: string } | { readonly all: true }

/** Exactly one: what is meant by two, nobody can tell, and by none it must not be everything. */
function targetOf(given: Given, isSession: true): Target | { readonly session: string }
function targetOf(given: Given, isSession: false): Target
function targetOf(given: Given, isSession: boolean): Target | { readonly session: string } {
  const names = [...(isSession ? ['session'] : []), 'user', 'client', 'all']
  const [name, ...more] = names.filter((one) => given.has(one))
  if (name === undefined || more.length > 0) {
    throw new ApiError(400, 'invalid', `Exactly one of ${names.join(', ')} is expected.`)
  }
  if (name === 'all') {
    if (given.get('all') === true) return { all: true }
    throw new ApiError(400, 'invalid', "'all' has to be true, or to be left out.")
  }
  return { [name]: required(given, name) } as Target
}

function text(given: Given, name: string): string | undefined {
  const value = given.get(name) ?? undefined
  if (value === undefined || typeof value === 'string') return value
  throw new ApiError(400, 'invalid', `'${name}' is not a text.`)
}

function required(given: Given, name: string): string {
  const value = text(given, name)
  if (value !== undefined && value !== '') return value
  throw new ApiError(400, 'invalid', `'${name}' is missing.`)
}
