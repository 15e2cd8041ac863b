import type { Log } from '../log.ts'
import type { Cloud } from './cloud.ts'
import { createDeviceCodes, type DeviceCodes } from './device-codes.ts'
import type { Directory } from './directory.ts'
import { type Collection, type Item, keepChanges } from './directory-changes.ts'
import { createReplication, type Replication, type ReplicationOptions } from './replication.ts'
import { createSealer, type Sealer } from './seal.ts'
import { createSignInLog, type SignInLog } from './sign-in-log.ts'
import { generateSigningKey, loadSigningKey, type SigningKey } from './signing-keys.ts'
import { readState, type State, writeState } from './state-file.ts'

/** The security token service: what outlives a request. */
export type Sts = {
  readonly origin: string
  readonly cloud: Cloud
  readonly directory: Directory
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly log: Log
  readonly sealer: Sealer
  /** Two keys; made at the first call. */
  signingKeys(): Promise<readonly SigningKey[]>
  /** Makes a key that signs from now on; the one that signed so far stays published. */
  rotateKeys(): Promise<readonly SigningKey[]>
  /** Adds an object to the directory, or changes the one with its id: a restart finds it again. */
  keep<C extends Collection>(collection: C, item: Item<C>): void
  /** Takes an object out of the directory for good. */
  remove(collection: Collection, id: string): void
  /** How far what was written through Microsoft Graph has come. */
  readonly replication: Replication
  /** Begins anew with what this directory holds. */
  reset(directory: Directory): void
  /** Writes down what has changed. */
  save(): void
  /** Writes for the last time. */
  close(): void
  /** Uses a code up; false when that has happened before. */
  redeem(codeId: string, expiresAt: number): boolean
  readonly deviceCodes: DeviceCodes
  readonly signIns: SignInLog
  /** Hosts of issuers of federated credentials, besides this machine. */
  readonly issuerHosts: readonly string[]
}

export type StsOptions = {
  origin: string
  cloud: Cloud
  directory: Directory
  dataFile: string | undefined
  replication: ReplicationOptions
  now: () => number
  log: Log
  issuerHosts: readonly string[]
}

/** Opens the state of an emulator. */
export function createSts(options: StsOptions): Sts {
  const { directory, dataFile } = options
  const state = readState(dataFile)
  const changes = keepChanges(directory, state.changes)
  const signIns = createSignInLog()
  const replication = createReplication(directory, options.replication, options.now)
  let isClosed = false
  const save = () => {
    if (!isClosed) writeState(dataFile, state)
  }
  let keys: Promise<readonly SigningKey[]> | undefined
  return {
    origin: options.origin,
    cloud: options.cloud,
    directory,
    now: options.now,
    log: options.log,
    sealer: createSealer(Buffer.from(state.sealingKey, 'base64url')),
    signingKeys: () => {
      keys ??= loadKeys(state, save)
      return keys
    },
    rotateKeys: () => {
      keys = rotate(state, keys ?? loadKeys(state, save), save)
      return keys
    },
    keep: changes.keep,
    remove: changes.remove,
    replication,
    reset: (fresh) => {
      Object.assign(directory, fresh)
      changes.forget()
      replication.forget()
      signIns.clear()
      save()
    },
    save,
    close: () => {
      if (changes.forgetRemoved()) save()
      isClosed = true
    },
    redeem: createRedeemer(options.now),
    deviceCodes: createDeviceCodes(options.now),
    signIns,
    issuerHosts: options.issuerHosts,
  }
}

async function loadKeys(state: State, save: () => void): Promise<readonly SigningKey[]> {
  if (state.signingKeys.length === 0) {
    state.signingKeys = await Promise.all([generateSigningKey(), generateSigningKey()])
    save()
  }
  return state.signingKeys.map(loadSigningKey)
}

async function rotate(
  state: State,
  current: Promise<readonly SigningKey[]>,
  save: () => void,
): Promise<readonly SigningKey[]> {
  await current
  state.signingKeys = [await generateSigningKey(), ...state.signingKeys.slice(0, 1)]
  save()
  return state.signingKeys.map(loadSigningKey)
}

function createRedeemer(now: () => number): Sts['redeem'] {
  const redeemed = new Map<string, number>()
  return (codeId, expiresAt) => {
    // In order of their redemption, so nearly of their expiry: the first that lives ends the search.
    for (const [id, expiry] of redeemed) {
      if (expiry > now()) break
      redeemed.delete(id)
    }
    if (redeemed.has(codeId)) return false
    redeemed.set(codeId, expiresAt)
    return true
  }
}
