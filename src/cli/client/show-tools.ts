import type { Tool } from '@modelcontextprotocol/client'
import { printable, printableLine, type Terminal, widthOf } from '../terminal.ts'
import {
  alternativesOf,
  describeSchema,
  propertiesOf,
  requiredOf,
  type Schema,
} from './json-schema.ts'

/** The tools for a person: name, title, description, and each argument with what it takes. */
export function showTools(tools: readonly Tool[], terminal: Terminal): string {
  if (tools.length === 0) return 'The server has no tools.'
  return tools.map((tool) => showTool(tool, terminal)).join('\n\n')
}

function showTool(tool: Tool, terminal: Terminal): string {
  const title = tool.title ?? tool.annotations?.title
  const heading = terminal.format('bold', printableLine(tool.name))
  const description = printable(tool.description?.trim() ?? '')
  return [
    title ? `${heading}  ${printableLine(title)}` : heading,
    ...(description ? wrap(description, 2, terminal) : []),
    ...showArguments(tool.inputSchema, terminal),
  ].join('\n')
}

function showArguments(inputSchema: Schema, terminal: Terminal): readonly string[] {
  const root = alternativesOf(inputSchema, inputSchema)[0] as Schema
  const required = requiredOf(root)
  const properties = [...propertiesOf(root)]
  if (properties.length === 0) return ['  (no arguments)']
  const width = Math.max(...properties.map(([name]) => printableLine(name).length))
  return properties.flatMap(([name, schema]) => {
    const label = terminal.format('cyan', printableLine(name).padEnd(width))
    const need = required.includes(name) ? 'required' : 'optional'
    const accepted = printableLine(describeSchema(schema, root))
    const text = descriptionOf(schema)
    const description = text ? wrap(text, width + 4, terminal) : []
    return [
      `  ${label}  ${accepted}  ${terminal.format('dim', `(${need})`)}`,
      ...description.map((line) => terminal.format('dim', line)),
    ]
  })
}

function descriptionOf(schema: unknown): string {
  if (typeof schema !== 'object' || schema === null || !('description' in schema)) return ''
  return typeof schema.description === 'string' ? printableLine(schema.description) : ''
}

/** The text's lines, indented, and broken between words where a terminal is narrower. */
function wrap(text: string, indent: number, terminal: Terminal): readonly string[] {
  const columns = terminal.stdout.isTTY ? widthOf(terminal) : undefined
  const room = columns ? Math.max(columns - indent, 20) : Number.POSITIVE_INFINITY
  const margin = ' '.repeat(indent)
  return text.split('\n').flatMap((line) => {
    const lines: string[] = []
    for (const word of line.split(' ')) {
      const last = lines.at(-1)
      if (last === undefined || last.length + 1 + word.length > room) lines.push(word)
      else lines[lines.length - 1] = `${last} ${word}`
    }
    return lines.map((each) => `${margin}${each}`.trimEnd())
  })
}
