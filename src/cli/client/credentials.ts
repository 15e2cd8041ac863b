import * as z from 'zod'

const text = z.string().min(1)

/** Who we are to an authorization server, in the words of RFC 7591, as far as we use them. */
const registration = z.object({
  client_id: text,
  client_secret: z.string().optional(),
  client_secret_expires_at: z.number().optional(),
  token_endpoint_auth_method: z.string().optional(),
  /** Where the person named the client; absent where it registered itself. */
  source: z.enum(['pre-registered', 'metadata-document']).optional(),
})

const tokens = z.object({
  access_token: text,
  refresh_token: text.optional(),
  scope: z.string().optional(),
  /** Seconds since the epoch; absent where the server did not say. */
  expiresAt: z.number().optional(),
})

const credentials = z.object({
  /** The authorization server that everything here belongs to: it is of no use at another. */
  issuer: text,
  registration,
  /** The callback address of the registration; its port is used again. */
  redirectUri: text,
  /** The `resource` sent (RFC 8707), as the server writes it. */
  resource: text.optional(),
  tokens: tokens.optional(),
})

/** The file's content. The servers' keys are their URLs. */
export const credentialsFile = z.object({
  version: z.literal(1),
  servers: z.record(z.string(), credentials),
})

/** What is kept about one MCP server. */
export type Credentials = z.infer<typeof credentials>

export type Registration = z.infer<typeof registration>

export type Tokens = z.infer<typeof tokens>

/** What to keep of the registration endpoint's answer. */
export function toRegistration(response: Registration): Registration {
  return registration.omit({ source: true }).parse(response)
}

/** What the token endpoint answers, as far as we use it. */
export type TokenResponse = {
  readonly access_token: string
  readonly refresh_token?: string | undefined
  readonly scope?: string | undefined
  readonly expires_in?: number | undefined
}

/** The tokens to keep: their end as a moment, for a span means nothing once the process is over. */
export function toTokens(response: TokenResponse, now = Date.now()): Tokens {
  const { access_token, refresh_token, scope, expires_in } = response
  return {
    access_token,
    ...(refresh_token && { refresh_token }),
    ...(scope && { scope }),
    ...(expires_in !== undefined && { expiresAt: Math.floor(now / 1000) + expires_in }),
  }
}

/** Whether the access token is over, or will be by the time a request arrives. */
export function isExpiring(tokens: Tokens, now = Date.now()): boolean {
  return tokens.expiresAt !== undefined && tokens.expiresAt - 60 < now / 1000
}
