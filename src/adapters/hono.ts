import type { Entrance, ProtectedHandler } from '../index.ts'

/** The part of Hono's context that is used: Hono is not imported. */
export type HonoContext = { readonly req: { readonly raw: Request } }

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
  return async ({ req }, next) => {
    if (entrance.isOurs(req.raw)) return guarded(req.raw)
    await next()
    return undefined
  }
}
