// Node programs of the bench, each on the processor that is measured.
import { join } from 'node:path'
import { nodeBinary } from '../../scripts/setup.js'
import { fixedPort } from '../../test/support/fixed-port.ts'
import { type Running, start } from '../kit/process.ts'
import { MEASURED } from '../kit/processors.ts'

/** The command as it is built. */
export const COMMAND = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js')

/** A program, and the origin at which it answers. */
export type Listening = { readonly running: Running; readonly url: string }

/** Starts a server of ours, which takes its port as the first argument. */
export async function startServer(file: string, ...args: string[]): Promise<Listening> {
  const port = await fixedPort()
  const url = `http://localhost:${port}`
  const path = join(import.meta.dirname, 'servers', file)
  const program = { command: nodeBinary(), args: [path, String(port), ...args], cpu: MEASURED }
  return { running: await start(program, isAnswering(url)), url }
}

/** Whether anything answers at an address, with whatever status. */
export function isAnswering(url: string): () => Promise<boolean> {
  return async () => {
    await (await fetch(url)).body?.cancel()
    return true
  }
}
