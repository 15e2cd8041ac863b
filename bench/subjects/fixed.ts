import { startServer } from './programs.ts'
import type { Subject } from './subject.ts'
import { PROOF, toolCall } from './tool-call.ts'

/** `node:http` that answers whatever it is asked with a text made before: the floor of this machine. */
export async function startFixed(length: number): Promise<Subject> {
  const { running, url } = await startServer('fixed.ts', PROOF.padEnd(length, '.'))
  return {
    name: 'node:http, fixed body',
    pid: running.pid,
    url,
    call: toolCall(`${url}/mcp`, 'get_expenses', {}),
    conditions: [
      'node:http, fixed body reads each request and answers it with a text as long as Entrance’s answer: what HTTP alone costs on this machine.',
    ],
    [Symbol.asyncDispose]: running.stop,
  }
}
