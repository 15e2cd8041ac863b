import type { CallToolResult } from '@modelcontextprotocol/server'
import { toolError } from './tool.ts'

/** Somebody else's expense and none at all are answered in the same words. */
export function unknownId(refused: string): CallToolResult {
  return toolError(
    `${refused}: the user has no expense with this id. It may be deleted already; get_expenses answers the ids that there are.`,
  )
}
