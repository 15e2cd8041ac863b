import type { Call } from '../call.ts'
import { createUser } from '../create-directory.ts'
import type { DirectoryUser } from '../directory.ts'
import { findUserByName } from '../lookup.ts'
import { optional } from '../params.ts'
import type { AuthorizationRequest } from './authorization-request.ts'

const ADDRESS = /^[^\s@]{1,64}@[^\s@]{1,255}$/
const MAX_NAME = 256
/** Strangers can register here; the directory does not grow without end. */
const MAX_USERS = 10_000

/** Makes the account that a person registers in an External ID tenant; undefined where it cannot be. */
export function signUp(call: Call, { authority }: AuthorizationRequest): DirectoryUser | undefined {
  const { directory } = call.sts
  const address = optional(call.form, 'new_username')?.trim() ?? ''
  const name = optional(call.form, 'new_name')?.trim().slice(0, MAX_NAME)
  const isFree = ADDRESS.test(address) && !findUserByName(directory, address)
  if (authority.kind !== 'tenant' || !isFree || directory.users.length >= MAX_USERS) {
    return undefined
  }
  const user = createUser({
    tenantId: authority.tenant.id,
    userPrincipalName: address,
    ...(name && { displayName: name }),
  })
  call.sts.keep('users', user)
  call.sts.save()
  return user
}
