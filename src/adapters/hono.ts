import type { Connection, Entrance, ProtectedHandler } from '../index.ts'

/** The part of Hono's context that is used: Hono is not imported. */
export type HonoContext = { readonly req: { readonly raw: Request }; readonly env?: unknown }

export type HonoMiddleware = (
  context: HonoContext,
  next: () => Promise<void>,
) => Promise<Response | undefined>

/**
 * Hono middleware: answers Entrance's endpoints and guards `handler` at the MCP path; every other
 * path goes on to the next handler. Use it as `app.use(toHonoMiddleware(entrance, mcp.fetch))`.
 */
export function toHonoMiddleware(entrance: Entrance, handler: ProtectedHandler): HonoMiddleware {
  const guarded = entrance.protect(handler)
  return async ({ req, env }, next) => {
    if (entrance.isOurs(req.raw)) return guarded(req.raw, toConnection(env))
    await next()
    return undefined
  }
}

type Bindings = Connection & {
  readonly incoming?: { readonly socket?: { readonly remoteAddress?: string } }
}

/** @hono/node-server binds Node's message; `app.fetch(request, connection)` binds what we give. */
function toConnection(env: unknown): Connection {
  const { incoming, remoteAddress } = (env ?? {}) as Bindings
  return { remoteAddress: remoteAddress ?? incoming?.socket?.remoteAddress }
}
