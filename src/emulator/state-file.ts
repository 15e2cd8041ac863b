import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { OAuth2PermissionGrant, ServicePrincipal } from './directory.ts'
import { newSealingKey } from './seal.ts'
import type { StoredKey } from './signing-keys.ts'

/** What a restart must not lose: without it, tokens given before would be worthless. */
export type State = {
  version: 1
  /** Base64url of the key that seals codes, refresh tokens and cookies. */
  sealingKey: string
  /** Empty until the first token or key document is asked for. */
  signingKeys: StoredKey[]
  /** What people consented to here, and the service principals that came of it. */
  oauth2PermissionGrants: OAuth2PermissionGrant[]
  servicePrincipals: ServicePrincipal[]
}

/** Reads the state, or starts a new one. */
export function readState(path: string | undefined): State {
  const text = path === undefined ? undefined : readIfThere(path)
  if (text !== undefined) return parseState(text, path as string)
  const state: State = {
    version: 1,
    sealingKey: newSealingKey().toString('base64url'),
    signingKeys: [],
    oauth2PermissionGrants: [],
    servicePrincipals: [],
  }
  // A place that cannot be written to is better found out now than at the first sign-in.
  writeState(path, state)
  return state
}

/** Writes the state in one step, readable by its owner only. */
export function writeState(path: string | undefined, state: State): void {
  if (path === undefined) return
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const temporary = `${path}.${process.pid}.tmp`
  writeFileSync(temporary, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 })
  renameSync(temporary, path)
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function parseState(text: string, path: string): State {
  const problem = `${path} is not a file of the Entra ID emulator. Delete it to start afresh.`
  let state: Partial<State> | null
  try {
    state = JSON.parse(text) as Partial<State> | null
  } catch (cause) {
    throw new Error(problem, { cause })
  }
  const isWhole =
    state?.version === 1 &&
    Buffer.from(state.sealingKey ?? '', 'base64url').length === 32 &&
    Array.isArray(state.signingKeys) &&
    Array.isArray(state.oauth2PermissionGrants) &&
    Array.isArray(state.servicePrincipals)
  if (!isWhole) throw new Error(problem)
  return state as State
}
