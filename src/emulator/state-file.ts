import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { createServicePrincipal, type ServicePrincipalOptions } from './create-directory.ts'
import type { OAuth2PermissionGrant } from './directory.ts'
import type { DirectoryChanges } from './directory-changes.ts'
import { newSealingKey } from './seal.ts'
import type { StoredKey } from './signing-keys.ts'

/** What a restart must not lose: without it, tokens given before would be worthless. */
export type State = {
  version: 2
  /** Base64url of the key that seals codes, refresh tokens and cookies. */
  sealingKey: string
  /** Empty until the first token or key document is asked for. */
  signingKeys: StoredKey[]
  /** Of personal accounts; absent until one is needed. */
  personalKeys?: StoredKey[]
  /** What people consented to, and what was written through Microsoft Graph. */
  changes: DirectoryChanges
}

/** As files were before Microsoft Graph was there: only consent changed the directory. */
type Version1 = Omit<State, 'version' | 'changes'> & {
  version: 1
  oauth2PermissionGrants: OAuth2PermissionGrant[]
  servicePrincipals: ServicePrincipalOptions[]
}

/** Reads the state, or starts a new one. */
export function readState(path: string | undefined): State {
  const text = path === undefined ? undefined : readIfThere(path)
  if (text !== undefined) return parseState(text, path as string)
  const state: State = {
    version: 2,
    sealingKey: newSealingKey().toString('base64url'),
    signingKeys: [],
    changes: {},
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
  let state: Partial<State> | Partial<Version1> | null
  try {
    state = JSON.parse(text) as Partial<State> | Partial<Version1> | null
  } catch (cause) {
    throw new Error(problem, { cause })
  }
  const hasKeys =
    Buffer.from(state?.sealingKey ?? '', 'base64url').length === 32 &&
    Array.isArray(state?.signingKeys)
  if (hasKeys && state?.version === 2 && areChanges(state.changes)) return state as State
  if (hasKeys && state?.version === 1 && isVersion1(state)) return fromVersion1(state)
  throw new Error(problem)
}

function areChanges(changes: unknown): boolean {
  if (typeof changes !== 'object' || changes === null) return false
  return Object.values(changes as Record<string, Record<string, unknown>>).every(
    (change) => Array.isArray(change?.kept) && Array.isArray(change?.removed),
  )
}

function isVersion1(state: Partial<Version1>): state is Version1 {
  return Array.isArray(state.oauth2PermissionGrants) && Array.isArray(state.servicePrincipals)
}

function fromVersion1({ sealingKey, signingKeys, ...state }: Version1): State {
  const servicePrincipals = state.servicePrincipals.map(createServicePrincipal)
  const changes: DirectoryChanges = {
    oauth2PermissionGrants: { kept: state.oauth2PermissionGrants, removed: [] },
    servicePrincipals: { kept: servicePrincipals, removed: [] },
  }
  return { version: 2, sealingKey, signingKeys, changes }
}
