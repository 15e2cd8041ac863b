import { join } from 'node:path'
import { ConfigError } from '../../core/errors.ts'
import { type RunningEmulator, type StartOptions, startEmulator } from '../../emulator/emulator.ts'
import { checkDataFolder } from '../data-folder.ts'

export type EmulatorCommandOptions = {
  port: number
  /** The address to bind. @default loopback only */
  host?: string
  /** The folder to keep keys and consents in. @default kept in memory */
  data?: string
  /** Says where it is as one line of JSON in place of the banner. */
  json?: boolean
}

/** Where a command writes, and what ends it. */
export type CommandIo = {
  stdout: { write(text: string): unknown }
  stderr: { write(text: string): unknown }
  signal: AbortSignal
}

/** `entrance emulator`: the Entra ID emulator alone, until the signal aborts. */
export async function runEmulator(options: EmulatorCommandOptions, io: CommandIo): Promise<void> {
  const { port, host, data, json } = options
  if (data !== undefined) checkDataFolder(data)
  const emulator = await openEmulator({
    port,
    ...(host !== undefined && { host }),
    ...(data !== undefined && { dataFile: join(data, 'emulator.json') }),
    log: ({ message }) => io.stderr.write(`${message}\n`),
  })
  try {
    io.stdout.write(json ? `${JSON.stringify(describe(emulator))}\n` : renderBanner(emulator))
    await aborted(io.signal)
  } finally {
    await emulator.close()
  }
}

/** Starts the emulator; what the operator can mend comes as a `ConfigError`. */
export async function openEmulator(options: StartOptions): Promise<RunningEmulator> {
  try {
    return await startEmulator(options)
  } catch (error) {
    throw explain(error as NodeJS.ErrnoException, options)
  }
}

/** The variables that point the server at an emulator. */
export function emulatorVariables(emulator: RunningEmulator): Record<string, string> {
  return {
    ENTRA_PROXY_AZURE_CLIENT_ID: emulator.application.clientId,
    ENTRA_PROXY_AZURE_CLIENT_SECRET: emulator.application.clientSecret,
    AZURE_TENANT_ID: emulator.tenantId,
    ENTRANCE_AUTHORITY: emulator.origin,
  }
}

function explain(error: NodeJS.ErrnoException, { port = 8400, host }: StartOptions): Error {
  const option = '--port'
  if (error.code === 'EADDRINUSE') {
    const problem = `Port ${port} is taken by another program, so the emulator cannot listen there.`
    const cure = 'Stop that program, or choose another port with --port (EMULATOR_PORT).'
    return new ConfigError([{ option, problem, cure }])
  }
  if (error.code === 'EACCES' && error.syscall === 'listen') {
    const problem = `This user may not listen on port ${port}.`
    const cure = 'Choose a port above 1023 with --port (EMULATOR_PORT).'
    return new ConfigError([{ option, problem, cure }])
  }
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND') {
    const problem = `This machine has no address ${host}.`
    const cure = 'Leave --host out to listen on loopback, or name an address of this machine.'
    return new ConfigError([{ option: '--host', problem, cure }])
  }
  return error
}

function describe(emulator: RunningEmulator): object {
  return {
    origin: emulator.origin,
    tenantId: emulator.tenantId,
    ...emulator.application,
    accounts: emulator.directory.users.map(({ displayName, userPrincipalName }) => ({
      displayName,
      userPrincipalName,
    })),
    variables: emulatorVariables(emulator),
  }
}

function renderBanner(emulator: RunningEmulator): string {
  const [tenant] = emulator.directory.tenants
  const [application] = emulator.directory.applications
  const rows: [string, string][] = [
    ['Tenant', `${emulator.tenantId}  (${tenant?.displayName ?? ''})`],
    ['Client id', `${emulator.application.clientId}  (${application?.displayName ?? ''})`],
    ['Client secret', emulator.application.clientSecret],
    ...emulator.directory.users.map(({ displayName, userPrincipalName }, i): [string, string] => [
      i === 0 ? 'Accounts' : '',
      `${displayName}  ${userPrincipalName}`,
    ]),
  ]
  const variables = Object.entries(emulatorVariables(emulator))
  return [
    `Entra ID emulator at ${emulator.origin}`,
    '',
    ...rows.map(([name, value]) => `  ${name.padEnd(15)}${value}`),
    '',
    'To sign in against it, start the server with:',
    '',
    ...variables.map(([name, value]) => `  ${name}=${value}`),
    '',
    'Ctrl+C stops it.',
    '',
  ].join('\n')
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
