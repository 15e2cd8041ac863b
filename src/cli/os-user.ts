import { userInfo } from 'node:os'

/** Under which account of this machine somebody works; in a container it may have no name. */
export function osUser(): string | undefined {
  try {
    const name = userInfo().username.slice(0, 64)
    // Windows and directories allow more; a line of a log has no use for it.
    return name.replace(/[^\p{L}\p{N}.@_\\+-]/gu, '?') || undefined
  } catch {
    return undefined
  }
}
