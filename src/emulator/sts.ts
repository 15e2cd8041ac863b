import type { Log } from '../log.ts'
import type { Behaviour } from './behaviour.ts'
import type { Cloud } from './cloud.ts'
import { createDeviceCodes, type DeviceCodes } from './device-codes.ts'
import type { Directory } from './directory.ts'
import { type Collection, type Item, keepChanges } from './directory-changes.ts'
import { createKeyRing, type KeyRing } from './key-ring.ts'
import { createReplication, type Replication, type ReplicationOptions } from './replication.ts'
import { createSealer, type Sealer } from './seal.ts'
import { createSignInLog, type SignInLog } from './sign-in-log.ts'
import { openStateFile } from './state-file.ts'

/** The security token service: what outlives a request. */
export type Sts = KeyRing & {
  readonly origin: string
  readonly cloud: Cloud
  readonly behaviour: Behaviour
  /** As far as what was written has arrived where it is read. */
  readonly directory: Directory
  /** With all that was written: who changes something begins here, or takes changes back. */
  readonly written: Directory
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly log: Log
  readonly sealer: Sealer
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
  behaviour: Behaviour
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
  const { state, write } = openStateFile(dataFile)
  const changes = keepChanges(directory, state.changes)
  const replication = createReplication(directory, options.replication, options.now)
  let isClosed = false
  const keeper = createKeeper(write, options)
  const save = () => {
    if (!isClosed) keeper.keep()
  }
  const signIns = createSignInLog()
  const deviceCodes = createDeviceCodes(options.now)
  return {
    ...createKeyRing(state, save),
    origin: options.origin,
    cloud: options.cloud,
    behaviour: options.behaviour,
    directory,
    written: directory,
    now: options.now,
    log: options.log,
    sealer: createSealer(Buffer.from(state.sealingKey, 'base64url')),
    keep: changes.keep,
    remove: changes.remove,
    replication,
    reset: (fresh) => {
      Object.assign(directory, fresh)
      changes.forget()
      replication.forget()
      signIns.clear()
      deviceCodes.clear()
      save()
    },
    save,
    close: () => {
      if (changes.forgetRemoved() || keeper.isBehind()) save()
      isClosed = true
    },
    redeem: createRedeemer(options.now),
    deviceCodes,
    signIns,
    issuerHosts: options.issuerHosts,
  }
}

/** Writes the state down. Where that fails sign-ins go on, of what is in memory, and the log says so. */
function createKeeper(write: () => boolean, { dataFile, log }: StsOptions) {
  let isFailing = false
  function keep(): void {
    try {
      const isOurs = write()
      if (isFailing) {
        log({ event: 'emulator.state.resumed', message: `${dataFile} is written again.` })
      }
      isFailing = false
      if (isOurs) return
      const message = `Another process writes to ${dataFile}, too: what it kept there is lost. Give each emulator a data folder of its own.`
      log({ event: 'emulator.state.shared', level: 'warn', message })
    } catch (error) {
      if (isFailing) return
      isFailing = true
      const message = `What the emulator keeps is in memory only, and lost if it ends now. ${(error as Error).message}`
      log({ event: 'emulator.state.failed', level: 'error', message })
    }
  }
  return { keep, isBehind: () => isFailing }
}

// A code lives ten minutes; whoever redeems more than this in that time forgets the first ones.
const MAX_REDEEMED = 100_000

function createRedeemer(now: () => number): Sts['redeem'] {
  const redeemed = new Map<string, number>()
  return (codeId, expiresAt) => {
    // In order of their redemption, so nearly of their expiry: the first that lives ends the search.
    for (const [id, expiry] of redeemed) {
      if (expiry > now() && redeemed.size < MAX_REDEEMED) break
      redeemed.delete(id)
    }
    if (redeemed.has(codeId)) return false
    redeemed.set(codeId, expiresAt)
    return true
  }
}
