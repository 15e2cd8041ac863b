/** The signed-in person, as Entra vouched for them. Key people by `tid` and `oid` together. */
export type User = {
  /** Object id: the person within the tenant, the same in every app of the tenant. */
  readonly oid: string
  /** Tenant id. */
  readonly tid: string
  /** Display name; for showing only, it changes and is not unique. */
  readonly name: string | undefined
  /** Sign-in name; for showing only, it can be given to somebody else. */
  readonly preferred_username: string | undefined
  /** App roles assigned in Entra. */
  readonly roles: readonly string[]
}

/**
 * What a valid access token says: the shape of the MCP SDK's `AuthInfo`, plus the user.
 * `extra.user` is the same object as `user`, for code that only sees the SDK's type.
 */
export type AuthInfo = {
  readonly token: string
  readonly clientId: string
  readonly scopes: string[]
  /** Seconds since the epoch. */
  readonly expiresAt: number
  /** The protected resource the token is for (RFC 8707). */
  readonly resource: URL
  /** Where its metadata is (RFC 9728), by the name that the client came by: for challenges. */
  readonly resourceMetadataUrl: string
  /** The grant that it was given under. */
  readonly grant: string
  /** The sign-in that came of, for logs; tokens of earlier versions do not say. */
  readonly transaction: string | undefined
  readonly user: User
  readonly extra: { readonly user: User }
}
