import type { Log } from '../log.ts'
import type { Cloud } from './cloud.ts'
import { createDeviceCodes, type DeviceCodes } from './device-codes.ts'
import type { Directory, OAuth2PermissionGrant, ServicePrincipal } from './directory.ts'
import { createSealer, type Sealer } from './seal.ts'
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
  /** Adds to the directory what came of a consent, so that a restart finds it again. */
  keepGrant(grant: OAuth2PermissionGrant): void
  keepServicePrincipal(principal: ServicePrincipal): void
  /** Writes down what has changed. */
  save(): void
  /** Writes for the last time. */
  close(): void
  /** Uses a code up; false when that has happened before. */
  redeem(codeId: string, expiresAt: number): boolean
  readonly deviceCodes: DeviceCodes
  /** Hosts of issuers of federated credentials, besides this machine. */
  readonly issuerHosts: readonly string[]
}

export type StsOptions = {
  origin: string
  cloud: Cloud
  directory: Directory
  dataFile: string | undefined
  now: () => number
  log: Log
  issuerHosts: readonly string[]
}

/** Opens the state of an emulator. */
export function createSts(options: StsOptions): Sts {
  const { directory, dataFile } = options
  const state = readState(dataFile)
  addMissing(directory.oauth2PermissionGrants, state.oauth2PermissionGrants)
  addMissing(directory.servicePrincipals, state.servicePrincipals)
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
    keepGrant: (grant) =>
      keep(directory.oauth2PermissionGrants, state.oauth2PermissionGrants, grant),
    keepServicePrincipal: (principal) =>
      keep(directory.servicePrincipals, state.servicePrincipals, principal),
    save,
    close: () => {
      if (forgetRemoved(state, directory)) save()
      isClosed = true
    },
    redeem: createRedeemer(options.now),
    deviceCodes: createDeviceCodes(options.now),
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

function addMissing<T extends { id: string }>(list: T[], saved: readonly T[]): void {
  for (const item of saved) {
    if (!list.some(({ id }) => id === item.id)) list.push(item)
  }
}

function keep<T extends { id: string }>(list: T[], saved: T[], item: T): void {
  if (!list.includes(item)) list.push(item)
  const others = saved.filter(({ id }) => id !== item.id)
  saved.splice(0, saved.length, ...others, item)
}

/** What was taken out of the directory has been revoked; true when there was something. */
function forgetRemoved(state: State, directory: Directory): boolean {
  const grants = stillIn(directory.oauth2PermissionGrants, state.oauth2PermissionGrants)
  const principals = stillIn(directory.servicePrincipals, state.servicePrincipals)
  const hasRemoved =
    grants.length < state.oauth2PermissionGrants.length ||
    principals.length < state.servicePrincipals.length
  state.oauth2PermissionGrants = grants
  state.servicePrincipals = principals
  return hasRemoved
}

function stillIn<T extends { id: string }>(list: readonly T[], saved: readonly T[]): T[] {
  return saved.filter(({ id }) => list.some((item) => item.id === id))
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
