import type { StandardSchemaWithJSON } from '@modelcontextprotocol/server'
import { z } from 'zod'

/**
 * A schema that the MCP SDK publishes as it is and does not check by itself: what it says about a
 * wrong argument is one line of joined issues, so the tools check and answer for themselves.
 */
export function advertise(schema: z.ZodType, io: 'input' | 'output'): StandardSchemaWithJSON {
  // Without the name of a dialect: many clients check with a validator that knows only draft 7,
  // and refuse the whole list of tools when they meet another.
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io })
  return {
    '~standard': {
      version: 1,
      vendor: 'entrance',
      validate: (value) => ({ value }),
      jsonSchema: { input: () => json, output: () => json },
    },
  }
}
