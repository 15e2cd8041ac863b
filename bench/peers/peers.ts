import type { Measured } from '../kit/part.ts'
import type { Subject } from '../subjects/subject.ts'
import { fastmcpPython } from './fastmcp-py.ts'
import { fastmcpTypeScript } from './fastmcp-ts.ts'
import { mcpAuthProxy } from './mcp-auth-proxy.ts'
import { type Entra, type Peer, PeerAbsent, type PeerRun } from './peer.ts'

/** What people would take instead. */
export const PEERS: readonly Peer[] = [fastmcpPython, fastmcpTypeScript, mcpAuthProxy]

export type StartedPeers = {
  readonly subjects: readonly Subject[]
  readonly absent: Measured['absent']
}

/** Starts those that can be had, one after the other; who starts them disposes of each. */
export async function startPeers(
  run: PeerRun,
  entra: Entra,
  peers: readonly Peer[] = PEERS,
): Promise<StartedPeers> {
  const subjects: Subject[] = []
  const absent: { subject: string; why: string }[] = []
  try {
    for (const peer of peers) {
      try {
        subjects.push(await peer.start(run, entra))
      } catch (error) {
        if (!(error instanceof PeerAbsent)) throw error
        absent.push({ subject: peer.name, why: error.message })
      }
    }
  } catch (error) {
    await Promise.all(subjects.map((subject) => subject[Symbol.asyncDispose]()))
    throw error
  }
  return { subjects, absent }
}
