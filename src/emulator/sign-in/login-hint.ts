import type { Directory, DirectoryUser } from '../directory.ts'
import { findUser, findUserByName } from '../lookup.ts'
import { homeAccountOf } from '../people.ts'

const PREFIX = 'O.'

/** The optional claim `login_hint`: names a person without their address. */
export function encodeLoginHint(user: DirectoryUser): string {
  return `${PREFIX}${Buffer.from(user.guestOf ?? user.id).toString('base64url')}`
}

/** The account that a `login_hint` or `logout_hint` means: by its name, its address, or the claim. */
export function findHinted(directory: Directory, hint: string): DirectoryUser | undefined {
  const id = hint.startsWith(PREFIX)
    ? Buffer.from(hint.slice(PREFIX.length), 'base64url').toString()
    : ''
  const found = findUser(directory, id) ?? findUserByName(directory, hint)
  return found && homeAccountOf(directory, found)
}
