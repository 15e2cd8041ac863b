import type { Tool } from '@modelcontextprotocol/server'
import { z } from 'zod'

/**
 * A schema as it is listed: as JSON Schema, without the name of a dialect. Many clients check with a
 * validator that knows only draft 7, and refuse the whole list of tools when they meet another.
 */
export function advertise(schema: z.ZodObject, io: 'input' | 'output'): Tool['inputSchema'] {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io })
  return json as Tool['inputSchema']
}
