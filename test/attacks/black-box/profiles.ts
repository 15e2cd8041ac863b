import { entrance } from './profiles/entrance.ts'
import { fastmcpPy } from './profiles/fastmcp-py.ts'
import { fastmcpTs } from './profiles/fastmcp-ts.ts'
import type { Profile } from './profiles/profile.ts'

/** Every product that the attacks know, in the order of the table's columns. */
export const PROFILES: readonly Profile[] = [entrance, fastmcpPy, fastmcpTs]
