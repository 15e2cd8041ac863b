import { json } from '../../http/responses.ts'

/** Whether this process answers. It says nothing of the store or of Entra. */
export function health(): Response {
  return json({ status: 'healthy', service: 'mcp-server' })
}
