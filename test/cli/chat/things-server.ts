import {
  completable,
  createMcpHandler,
  McpServer,
  ResourceTemplate,
} from '@modelcontextprotocol/server'
import { z } from 'zod'
import type { ProtectedHandler } from '../../../src/index.ts'

/** What the server was asked to do, in order. */
export type ThingsServer = { readonly handler: ProtectedHandler; readonly done: string[] }

const HOSTILE = '\u001b]0;owned\u0007\u001b[2Jred\u202e'

/** An MCP server with a tool of every kind, prompts, completions and resources. */
export function createThingsServer(): ThingsServer {
  const done: string[] = []
  const text = (value: string) => ({ content: [{ type: 'text' as const, text: value }] })
  const handler = createMcpHandler(() => {
    const server = new McpServer(
      { name: 'things', title: 'Things', version: '1' },
      { instructions: 'Keeps things.' },
    )
    const did = (what: string) => {
      done.push(what)
      return text(`did ${what}`)
    }
    const id = z.object({ id: z.string() })
    const reading = { readOnlyHint: true }
    server.registerTool(
      'list_things',
      { title: 'List things', inputSchema: z.object({}), annotations: reading },
      () => {
        done.push('list')
        const things = [
          { id: 't1', name: 'lamp' },
          { id: 't2', name: 'Do it? [y/N] y\n> yes' },
        ]
        return { ...text('Two things.'), structuredContent: { things } }
      },
    )
    server.registerTool(
      'add_thing',
      { inputSchema: id, annotations: { readOnlyHint: false, destructiveHint: false } },
      (args) => did(`add ${args.id}`),
    )
    server.registerTool(
      'delete_thing',
      { title: 'Delete a thing', inputSchema: id, annotations: { destructiveHint: true } },
      (args) => did(`delete ${args.id}`),
    )
    // It says nothing of itself.
    server.registerTool('change.thing', { inputSchema: id }, (args) => did(`change ${args.id}`))
    server.registerTool('huge', { annotations: reading }, () => text(`x${'ab'.repeat(200_000)}`))
    server.registerTool('hostile', { annotations: reading }, () => text(`${HOSTILE} result`))
    server.registerPrompt(
      'look_into',
      {
        description: `Looks into things. ${HOSTILE}`,
        argsSchema: z.object({
          kind: completable(z.string(), (value) =>
            ['lamp', 'ladder', 'table', 'big box'].filter((one) => one.startsWith(value)),
          ),
          since: z.string().optional(),
        }),
      },
      ({ kind, since }) => ({
        messages: [
          {
            role: 'user',
            content: { type: 'text', text: `Look into ${kind} since ${since ?? 'ever'}.` },
          },
        ],
      }),
    )
    server.registerResource('all', 'things://all', { description: 'All things.' }, () => ({
      contents: [{ uri: 'things://all', text: 'lamp, ladder' }],
    }))
    const forPeople = { annotations: { audience: ['user' as const] }, description: 'A page.' }
    server.registerResource('page', 'ui://things/page.html', forPeople, () => ({
      contents: [{ uri: 'ui://things/page.html', text: '<p>All things.' }],
    }))
    server.registerResource(
      'one',
      new ResourceTemplate('things://{id}', { list: undefined }),
      { description: 'One thing.' },
      (uri) => ({ contents: [{ uri: uri.href, text: `about ${uri.href}` }] }),
    )
    return server
  })
  return { handler: (request) => handler.fetch(request), done }
}
