/** Numbers that look random, and are the same in every run. */
export function random(seed: number) {
  let state = seed
  const below = (limit: number): number => {
    state = (state * 48271) % 2147483647
    return state % limit
  }
  const pick = <T>(from: readonly T[]): T => from[below(from.length)] as T
  return { below, pick }
}
