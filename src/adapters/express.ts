import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Entrance, ProtectedHandler } from '../index.ts'
import { sendResponse, toConnection, toRequest } from './node.ts'

/** An Express (or Connect) middleware, in Node's own types: Express is not imported. */
export type ExpressMiddleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void

/**
 * Express middleware: answers Entrance's endpoints and guards `handler` at the MCP path; every
 * other path goes on to the next middleware. Mount it at the root, before any body parser.
 */
export function toExpressMiddleware(
  entrance: Entrance,
  handler: ProtectedHandler,
): ExpressMiddleware {
  const guarded = entrance.protect(handler)
  return (request, response, next) => {
    const asked = toRequest(request, response)
    if (!asked || !entrance.isOurs(asked)) return next()
    Promise.resolve(guarded(asked, toConnection(request)))
      .then((answer) => sendResponse(answer, response))
      .catch(next)
  }
}
