import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { FileFault, onFile } from '../files/file-fault.ts'
import {
  createDirectory,
  createServicePrincipal,
  type DirectoryOptions,
  type ServicePrincipalOptions,
} from './create-directory.ts'
import type { OAuth2PermissionGrant } from './directory.ts'
import { COLLECTIONS, type DirectoryChanges } from './directory-changes.ts'
import { newSealingKey } from './seal.ts'
import { loadSigningKey, type StoredKey } from './signing-keys.ts'

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

/** The state, and how it is written down. */
export type StateFile = {
  readonly state: State
  /** False where another process has written since: what that kept is lost. Throws `FileFault`. */
  write(): boolean
}

/** Reads the state, or starts a new one; without a path, it is never written. Throws `FileFault`. */
export function openStateFile(path: string | undefined): StateFile {
  if (path === undefined) return { state: newState(), write: () => true }
  const text = readIfThere(path)
  const state = text === undefined ? newState() : parseState(text, path)
  // A place that cannot be written to is better found out now than at the first sign-in.
  if (text === undefined) writeFile(path, state)
  let ours = fileId(path)
  return {
    state,
    write: () => {
      const there = fileId(path)
      const isOurs = there === undefined || there === ours
      writeFile(path, state)
      ours = fileId(path)
      return isOurs
    },
  }
}

function newState(): State {
  const sealingKey = newSealingKey().toString('base64url')
  return { version: 2, sealingKey, signingKeys: [], changes: {} }
}

/** In one step, readable by its owner only. */
function writeFile(path: string, state: State): void {
  const temporary = `${path}.${process.pid}.tmp`
  onFile(path, () => {
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
      writeFileSync(temporary, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 })
      renameSync(temporary, path)
    } catch (error) {
      rmSync(temporary, { force: true })
      throw error
    }
  })
}

/** Each writing puts a new file in the former one's place. */
function fileId(path: string): bigint | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino
}

function readIfThere(path: string): string | undefined {
  if (!statSync(path, { throwIfNoEntry: false })) return undefined
  return onFile(path, () => readFileSync(path, 'utf8'))
}

function parseState(text: string, path: string): State {
  try {
    return readVersion(JSON.parse(text) as Partial<State> | Partial<Version1>)
  } catch (cause) {
    const problem = `${path} is not a file of the Entra ID emulator.`
    throw new FileFault(problem, 'Delete it to start afresh.', cause)
  }
}

/** Throws where anything is not as it was written. */
function readVersion(state: Partial<State> | Partial<Version1>): State {
  const { sealingKey = '', signingKeys = [], personalKeys = [] } = state
  if (Buffer.from(sealingKey, 'base64url').length !== 32) throw new TypeError('No sealing key.')
  for (const key of [...signingKeys, ...personalKeys]) loadSigningKey(key)
  if (state.version === 1 && isVersion1(state)) return fromVersion1(state)
  if (state.version !== 2 || !state.changes) throw new TypeError('An unknown version.')
  return { ...(state as State), changes: complete(state.changes) }
}

/** What a former version did not know of its things is as Entra has it. */
function complete(changes: DirectoryChanges): DirectoryChanges {
  const names = COLLECTIONS.filter((name) => changes[name] !== undefined)
  const items = names.flatMap((name): { id: unknown }[] => changes[name]?.kept ?? [])
  if (!items.every(({ id }) => typeof id === 'string')) throw new TypeError('A thing without id.')
  const lists = COLLECTIONS.map((name) => [name, changes[name]?.kept ?? []])
  const whole = createDirectory(Object.fromEntries(lists) as DirectoryOptions)
  const completed = names.map((name) => {
    const { kept = [], removed = [] } = changes[name] ?? {}
    return [name, { kept: whole[name].slice(0, kept.length), removed: [...removed] }]
  })
  return Object.fromEntries(completed) as DirectoryChanges
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
