import { nodeBinary } from '../../scripts/setup.js'
import { SEED } from '../../src/emulator/emulator.ts'
import { fixedPort } from '../../test/support/fixed-port.ts'
import { start } from '../kit/process.ts'
import { BESIDE } from '../kit/processors.ts'
import { COMMAND, isAnswering } from './programs.ts'

/** The emulator, in a process beside what is measured, and its seeded application. */
export type EmulatorProcess = AsyncDisposable & {
  readonly pid: number
  readonly authority: string
  readonly tenantId: string
  readonly clientId: string
  readonly clientSecret: string
  readonly identifierUri: string
}

/** Starts `entrance emulator`. The application takes `/auth/callback` at any port of localhost. */
export async function startEmulatorProcess(): Promise<EmulatorProcess> {
  const port = await fixedPort()
  const authority = `http://localhost:${port}`
  const args = [COMMAND, 'emulator', '--control', '--port', String(port)]
  const program = { command: nodeBinary(), args, cpu: BESIDE }
  const { pid, stop } = await start(program, isAnswering(authority))
  const { tenantId, clientId, clientSecret } = SEED
  const identifierUri = `api://${clientId}`
  const facts = { authority, tenantId, clientId, clientSecret, identifierUri }
  return { pid, ...facts, [Symbol.asyncDispose]: stop }
}
