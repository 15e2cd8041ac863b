import type { CallToolResult, ContentBlock } from '@modelcontextprotocol/client'

/** What a tool answered, as text; what is no text is named with its type and size. */
export function showResult(result: CallToolResult): string {
  if (result.content.length > 0) return result.content.map(showContent).join('\n')
  if (result.structuredContent) return JSON.stringify(result.structuredContent, null, 2)
  return ''
}

/** What a tool answered, for a program: the structured content where the tool gives one. */
export function toJson(result: CallToolResult): unknown {
  if (result.isError) return { isError: true, content: result.content }
  return result.structuredContent ?? { content: result.content }
}

function showContent(block: ContentBlock): string {
  switch (block.type) {
    case 'text':
      return block.text
    case 'image':
    case 'audio':
      return `[${block.type}: ${block.mimeType}, ${sizeOf(block.data)} bytes]`
    case 'resource_link':
      return `[${block.name}: ${block.uri}]`
    case 'resource':
      if ('text' in block.resource) return block.resource.text
      return `[${block.resource.uri}: ${sizeOf(block.resource.blob)} bytes]`
  }
}

function sizeOf(base64: string): number {
  return Buffer.byteLength(base64, 'base64')
}
