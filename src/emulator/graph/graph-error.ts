/** One of several things wrong with a request. */
export type ErrorDetail = { code: string; message: string; target?: string }

/** Microsoft Graph says no. */
export class GraphError extends Error {
  override readonly name = 'GraphError'
  readonly status: number
  readonly code: string
  readonly details: readonly ErrorDetail[]
  readonly headers: Readonly<Record<string, string>>
  /** Of a 401: what `WWW-Authenticate` says besides where to sign in. */
  readonly challenge: string

  constructor(
    status: number,
    code: string,
    message: string,
    more: {
      details?: readonly ErrorDetail[]
      headers?: Readonly<Record<string, string>>
      challenge?: string
    } = {},
  ) {
    super(message)
    this.status = status
    this.code = code
    this.details = more.details ?? []
    this.headers = more.headers ?? {}
    this.challenge = more.challenge ?? ''
  }
}

/** A request that asks for something that cannot be; the message names the property. */
export function badRequest(message: string, ...details: ErrorDetail[]): GraphError {
  return new GraphError(400, 'Request_BadRequest', message, { details })
}

/** A property whose value is of the wrong type or shape. */
export function notOfSchema(property: string): GraphError {
  return badRequest(`Property ${property} in payload has a value that does not match schema.`)
}

/** A property whose value has the right type and makes no sense. */
export function invalidProperty(property: string, why?: string): GraphError {
  const message = `Property ${property} is invalid.${why === undefined ? '' : ` ${why}`}`
  return badRequest(message, { code: 'InvalidValue', message, target: property })
}

/** A query that is understood and not supported. */
export function unsupportedQuery(message: string): GraphError {
  return new GraphError(400, 'Request_UnsupportedQuery', message)
}

/** An object that is not there, or not there yet. */
export function notFound(id: string): GraphError {
  const message = `Resource '${id}' does not exist or one of its queried reference-property objects are not present.`
  return new GraphError(404, 'Request_ResourceNotFound', message)
}

/** A token that does not suffice, or a person who may not. */
export function denied(message = 'Insufficient privileges to complete the operation.'): GraphError {
  return new GraphError(403, 'Authorization_RequestDenied', message)
}

/** An object with the same key is there already. */
export function conflict(message: string, target?: string): GraphError {
  const detail = { code: 'ConflictingObjects', message, ...(target !== undefined && { target }) }
  return new GraphError(409, 'Request_MultipleObjectsWithSameKeyValue', message, {
    details: [detail],
  })
}
