import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import type { Run } from '../kit/part.ts'
import { startServer } from './programs.ts'
import type { Subject } from './subject.ts'
import { callOfTen } from './tool-call.ts'

/** The same expenses server on the same adapter and the same kind of database, open to everybody. */
export async function startUnchecked(run: Pick<Run, 'folder'>): Promise<Subject> {
  const folder = mkdtempSync(join(run.folder, 'unchecked-'))
  const { running, url } = await startServer('unchecked.ts', join(folder, 'expenses.db'))
  return {
    name: 'Unchecked',
    pid: running.pid,
    url,
    call: await callOfTen(`${url}/mcp`),
    conditions: [
      "Unchecked is Entrance's own expenses server, as it is built, on its own adapter and on SQLite, without the gate; the same requests are sent to it.",
    ],
    [Symbol.asyncDispose]: running.stop,
  }
}
