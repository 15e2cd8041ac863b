import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { TestContext } from 'node:test'
import { parseEnv } from 'node:util'
import { findAuthority } from '../../../src/cli/graph/authority.ts'
import { AZURE_CLI_CLIENT_ID, signInWithDeviceCode } from '../../../src/cli/graph/device-code.ts'
import {
  type Application,
  type RunningEmulator,
  type StartOptions,
  startEmulator,
} from '../../../src/emulator/emulator.ts'
import { noteSecret } from '../../support/secrets.ts'
import { entrance, startEntranceCommand } from '../client/command.ts'
import { enterCode } from '../graph/device.ts'

/** A tenant, somebody who is signed in to it with the Azure CLI, and a folder to work in. */
export type Place = {
  readonly emulator: RunningEmulator
  readonly folder: string
  /** Variables of the command: the tenant, and a PATH where `az` is found. */
  readonly env: Readonly<Record<string, string>>
  /** Runs `entrance setup` with these words to its end. */
  setup(...words: string[]): ReturnType<typeof entrance>
  /** Starts it, for what happens in between. */
  start(...words: string[]): ReturnType<typeof startEntranceCommand>
  /** What `.env` says. */
  dotEnv(): Record<string, string | undefined>
  /** Applications that people have registered. */
  applications(): readonly Application[]
}

export type PlaceOptions = StartOptions & {
  /** Who is signed in. @default 'Alice' */
  operator?: string
  /** Alice's directory roles. @default an application administrator */
  roles?: string[]
}

/** An empty tenant on a free port, with a signed-in operator. */
export async function openPlace(t: TestContext, options: PlaceOptions = {}): Promise<Place> {
  const { operator = 'Alice', roles = ['Application Administrator'], ...start } = options
  const emulator = await startEmulator({ port: 0, directory: { applications: [] }, ...start })
  const folder = mkdtempSync(join(tmpdir(), 'entrance-setup-'))
  t.after(async () => {
    await emulator.close()
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  })
  const person = emulator.directory.users.find(({ displayName }) => displayName === operator)
  if (person) person.directoryRoles = roles
  const token = await graphToken(emulator, operator)
  const path = installAz(folder, token)
  const env = {
    PATH: `${path}${delimiter}${process.env.PATH}`,
    HOME: folder,
    ENTRANCE_AUTHORITY: emulator.origin,
  }
  const own = emulator.directory.applications.map(({ appId }) => appId)
  return {
    emulator,
    folder,
    env,
    setup: (...words) => entrance(['setup', ...words], { cwd: folder, env }),
    start: (...words) => startEntranceCommand(['setup', ...words], { cwd: folder, env }),
    dotEnv: () => parseEnv(readFileSync(join(folder, '.env'), 'utf8')),
    applications: () => emulator.directory.applications.filter(({ appId }) => !own.includes(appId)),
  }
}

/** A real token of the emulator's, as `az login` gets it. */
export async function graphToken(emulator: RunningEmulator, name: string): Promise<string> {
  const { signal } = new AbortController()
  const authority = await findAuthority(emulator.origin, emulator.tenantId, signal)
  let shown = ''
  const token = await signInWithDeviceCode({
    ...{ authority, signal, clientId: AZURE_CLI_CLIENT_ID },
    show: (_, code) => {
      shown = code
    },
    wait: () => (shown === '' ? Promise.resolve() : enterCode(emulator, shown, { name })),
  })
  noteSecret("the operator's token", token)
  return token
}

/**
 * A program `az` that is signed in: `account get-access-token` gives the token, `rest` sends what
 * it is told to, as the Azure CLI does. Gives the folder that it is in.
 */
export function installAz(folder: string, token: string): string {
  const bin = join(folder, 'bin')
  mkdirSync(bin, { recursive: true })
  const script = join(import.meta.dirname, 'az.ts')
  writeFileSync(join(bin, 'token'), token, { mode: 0o600 })
  const file = join(bin, 'az')
  writeFileSync(
    file,
    `#!/bin/sh\nexec "${process.execPath}" "${script}" "${join(bin, 'token')}" "$@"\n`,
  )
  chmodSync(file, 0o700)
  return bin
}
