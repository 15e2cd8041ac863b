import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { ConfigError } from '../../core/errors.ts'
import { printConfiguration } from '../../emulator/configuration/configuration.ts'
import { jsonSchema } from '../../emulator/configuration/schema.ts'
import { type RunningEmulator, type StartOptions, startEmulator } from '../../emulator/emulator.ts'
import { makeDataFolder } from '../data-folder.ts'
import { type EmulatorCommandOptions, resolveEmulatorOptions } from '../emulator-options.ts'
import { toConfigError } from '../file-problems.ts'

/** Where a command writes, and what ends it. */
export type CommandIo = {
  stdout: { write(text: string): unknown }
  stderr: { write(text: string): unknown }
  signal: AbortSignal
}

/** `entrance emulator`: the Entra ID emulator alone, until the signal aborts. */
export async function runEmulator(options: EmulatorCommandOptions, io: CommandIo): Promise<void> {
  if (options.printConfig) return void io.stdout.write(printConfiguration())
  if (options.printSchema) {
    return void io.stdout.write(`${JSON.stringify(jsonSchema(), null, 2)}\n`)
  }
  const settings = resolveEmulatorOptions(options)
  if (options.data !== undefined) makeDataFolder(options.data, '--data')
  // Whom to trust has to be in a file, for others to name it; without --data in one that goes again.
  const isLent = settings.https === true && options.data === undefined
  const folder = isLent ? mkdtempSync(join(tmpdir(), 'entra-emulator-')) : undefined
  try {
    const emulator = await openEmulator({
      ...settings,
      ...(folder !== undefined && { https: { caFolder: folder } }),
      log: ({ message }) => io.stderr.write(`${message}\n`),
    })
    await serve(emulator, options, io)
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
  }
}

async function serve(
  emulator: RunningEmulator,
  { json, data }: EmulatorCommandOptions,
  io: CommandIo,
): Promise<void> {
  try {
    const banner = () => renderBanner(emulator, data !== undefined)
    io.stdout.write(json ? `${JSON.stringify(describe(emulator))}\n` : banner())
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
    throw toConfigError('--data', explain(error as NodeJS.ErrnoException, options))
  }
}

/** The variables that point the server at an emulator. */
export function emulatorVariables(emulator: RunningEmulator): Record<string, string> {
  return {
    ENTRA_PROXY_AZURE_CLIENT_ID: emulator.application.clientId,
    ENTRA_PROXY_AZURE_CLIENT_SECRET: emulator.application.clientSecret,
    AZURE_TENANT_ID: emulator.tenantId,
    ENTRANCE_AUTHORITY: emulator.origin,
    ...(emulator.caFile !== undefined && { NODE_EXTRA_CA_CERTS: resolve(emulator.caFile) }),
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
    ...(emulator.caFile !== undefined && { caFile: resolve(emulator.caFile) }),
    accounts: emulator.directory.users.map(({ displayName, userPrincipalName }) => ({
      displayName,
      userPrincipalName,
    })),
    variables: emulatorVariables(emulator),
  }
}

const MAX_ACCOUNTS = 10

function renderBanner(emulator: RunningEmulator, isKept: boolean): string {
  const variables = Object.entries(emulatorVariables(emulator))
  return [
    `Entra ID emulator at ${emulator.origin}`,
    '',
    ...renderDirectory(emulator),
    '',
    'To sign in against it, start the server with:',
    '',
    ...variables.map(([name, value]) => `  ${name}=${value}`),
    '',
    ...renderOthers(emulator, isKept),
    'Ctrl+C stops it.',
    '',
  ].join('\n')
}

function renderDirectory({ directory, tenantId, application }: RunningEmulator): string[] {
  const [tenant] = directory.tenants
  const [first] = directory.applications
  const accounts = directory.users.slice(0, MAX_ACCOUNTS)
  const others = directory.users.length - accounts.length
  const rows: [string, string][] = [
    ['Tenant', `${tenantId}  (${tenant?.displayName ?? ''})`],
    ['Client id', `${application.clientId}  (${first?.displayName ?? ''})`],
    ['Client secret', application.clientSecret],
    ...accounts.map(({ displayName, userPrincipalName }, i): [string, string] => [
      i === 0 ? 'Accounts' : '',
      `${displayName}  ${userPrincipalName}`,
    ]),
    ...(others > 0 ? [['', `and ${others} more`] as [string, string]] : []),
  ]
  return rows.map(([name, value]) => `  ${name.padEnd(15)}${value}`)
}

/** What other people's servers need to be told. */
function renderOthers(emulator: RunningEmulator, isKept: boolean): string[] {
  const { host } = new URL(emulator.origin)
  if (emulator.origin.startsWith('http:')) {
    return ['FastMCP and Microsoft’s own libraries sign in by HTTPS only: --https.', '']
  }
  const { caFile } = emulator
  if (caFile === undefined) return [`FastMCP: AzureProvider(base_authority="${host}", …)`, '']
  const lasting = isKept ? 'stays the same' : 'goes when the emulator does; --data FOLDER keeps it'
  return [
    `Its certificate is signed by the authority in ${resolve(caFile)},`,
    `which ${lasting}.`,
    '',
    'A server with FastMCP (Python):',
    '',
    `  SSL_CERT_FILE=${resolve(caFile)}`,
    `  AzureProvider(base_authority="${host}", …)`,
    '',
  ]
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
