import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import type { Entra } from '../entra.ts'

/** How a product is started with this Entra, and nothing else about it. */
export type Profile = {
  /** The word on the command line. */
  readonly id: string
  /** The head of its column. */
  readonly name: string
  /** What a reader of the table has to know: what was configured, and how it meets the emulator. */
  readonly note: string
  /** Rejects with `NotInstalled` where it cannot be had. */
  start(entra: Entra): Promise<Product>
}

/** A product that runs. */
export type Product = AsyncDisposable & {
  readonly version: string
  /** The address that a person gives to their MCP client. */
  readonly mcpUrl: string
  /** The process, where its memory can be measured. */
  readonly pid: number | undefined
  /** Where it keeps what it stores, if anywhere. */
  readonly folder: string
  /** Ends it, and starts it again as it was: the same address, the same folder. */
  restart(): Promise<void>
}

/** The product is not there, and could not be brought. */
export class NotInstalled extends Error {
  override name = 'NotInstalled'
}

/** A port that nobody listens on at the moment: these products want to know theirs beforehand. */
export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
