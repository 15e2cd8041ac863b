// What a peer is: somebody else's server, brought and started for a comparison.
import type { Run } from '../kit/part.ts'
import type { Subject } from '../subjects/subject.ts'

/** The emulator and the application at it, as every subject is told of them. */
export type Entra = {
  /** The emulator's origin: plain http on loopback, with its control API (`--control`). */
  readonly authority: string
  readonly tenantId: string
  readonly clientId: string
  readonly clientSecret: string
}

/** As much of a run as a peer has to know. */
export type PeerRun = Pick<Run, 'folder' | 'say'>

export type Peer = {
  readonly name: string
  /** Brings it where it is not here yet, and starts it; rejects with `PeerAbsent` where that cannot be. */
  start(run: PeerRun, entra: Entra): Promise<Subject>
}

/** A peer that cannot be measured here. The message is the reason: a sentence without paths and hosts. */
export class PeerAbsent extends Error {
  override name = 'PeerAbsent'
}
