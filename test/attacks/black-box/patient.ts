import { setTimeout as wait } from 'node:timers/promises'

const TRIES = 4
const LONGEST_WAIT = 20

/**
 * `fetch` that heeds 429 and its Retry-After: an attack is to meet the defence that it is about, and
 * not the rate limit. Bodies have to be such as can be sent again.
 */
export const patiently: typeof fetch = async (input, init) => {
  for (let tries = 1; ; tries++) {
    const response = await fetch(input, init)
    const seconds = Number(response.headers.get('retry-after'))
    const isWorthIt = response.status === 429 && seconds <= LONGEST_WAIT && tries < TRIES
    if (!isWorthIt) return response
    await response.body?.cancel()
    await wait(Math.max(seconds, 0.5) * 1000)
  }
}
