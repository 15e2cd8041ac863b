import { type Environment, environment, isFromDotEnv } from './env.ts'

/** What other programs are to know of a folder's `.env`: how to get out. */
const SHARED = /^(https?_proxy|no_proxy)$/i

/**
 * The environment for another program. Without what a folder's `.env` says: much is known to them
 * that would have them run what the folder holds, as `LD_PRELOAD`, `PYTHONPATH` or `BROWSER`.
 */
export function childEnvironment(env: Environment = environment()): Environment {
  const own = Object.entries(env).filter(([name]) => SHARED.test(name) || !isFromDotEnv(name))
  return Object.fromEntries(own)
}
