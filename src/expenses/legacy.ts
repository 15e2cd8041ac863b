import {
  type AuthInfo,
  type McpServer,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server'

/** What is known of a request: who sent it, and what it says. */
export type LegacyRequest = { readonly authInfo: AuthInfo; readonly parsedBody: unknown }

/**
 * Serves one request of the revisions of 2025, without a session. The answer is one JSON document:
 * no tool has anything to say before its result, and a stream of events would cost twice as much.
 * The server is not closed after it: nothing is under way any more, and it is kept nowhere.
 */
export async function serveLegacy(
  server: McpServer,
  request: Request,
  legacy: LegacyRequest,
): Promise<Response> {
  const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true })
  await server.connect(transport)
  return transport.handleRequest(request, legacy)
}
