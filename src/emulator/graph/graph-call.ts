import type { Directory } from '../directory.ts'
import type { Sts } from '../sts.ts'
import type { Caller } from './caller.ts'
import type { JsonObject } from './schema.ts'

/** One request to Microsoft Graph, read and authenticated. */
export type GraphCall = {
  readonly sts: Sts
  /** The directory as Graph sees it: what was just written may not have arrived yet. */
  readonly seen: Directory
  readonly caller: Caller
  readonly method: string
  readonly url: URL
  readonly headers: Headers
  /** What the path names, in its order. */
  readonly keys: readonly Key[]
  /** Empty where there is no body. */
  readonly body: JsonObject
}

/** How a path names an object: `/{id}`, `(appId='…')`. */
export type Key = { readonly property: string; readonly value: string }

/** What Graph answers. */
export type Reply = {
  readonly status: number
  readonly body?: object
}

/** Answers with an object. */
export function ok(body: object): Reply {
  return { status: 200, body }
}

/** Answers with what was made. */
export function created(body: object): Reply {
  return { status: 201, body }
}

/** Done, and nothing to say. */
export const NO_CONTENT: Reply = { status: 204 }

/** The first key of the path. */
export function firstKey(call: GraphCall): Key {
  return call.keys[0] as Key
}

/** The second key of the path. */
export function secondKey(call: GraphCall): Key {
  return call.keys[1] as Key
}
