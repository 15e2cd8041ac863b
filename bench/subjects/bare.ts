import { startServer } from './programs.ts'
import type { Subject } from './subject.ts'
import { callOfTen } from './tool-call.ts'

/** The MCP SDK's server as its own documentation has it served, with two tools and no check. */
export async function startBare(): Promise<Subject> {
  const { running, url } = await startServer('bare.ts')
  return {
    name: 'Bare MCP SDK',
    pid: running.pid,
    url,
    call: await callOfTen(`${url}/mcp`),
    conditions: [
      'Bare MCP SDK is @modelcontextprotocol/server 2 by @modelcontextprotocol/node, with two tools, expenses in memory, and no check of anybody.',
    ],
    [Symbol.asyncDispose]: running.stop,
  }
}
