/** A request that the emulator was sent. */
export type SeenRequest = {
  /** `authorize`, `login`, `consent`, `token`, `keys`, `openid-configuration`, `logout`, `graph` … */
  readonly endpoint: string
  /** Of a request to Microsoft Graph (`graph`): `/v1.0/applications/…` */
  readonly path?: string
  readonly method: string
  /** Of the query, then of the form. */
  readonly params: URLSearchParams
  /** What it was answered; 0 where a fault dropped the connection. */
  readonly status: number
  /** The id of the fault that answered in place of the endpoint. */
  readonly fault?: string
}

const MAX_SEEN = 500

/** Writes a request down, and forgets the oldest when there are too many. */
export function noteRequest(seen: SeenRequest[], request: SeenRequest): void {
  seen.push(request)
  if (seen.length > MAX_SEEN) seen.shift()
}
