import { setFlagsFromString } from 'node:v8'
import { z } from 'zod'

/**
 * Has what a request makes be let go with the request, not only with the next full collection. It
 * counts for what is compiled and for schemas that are made after it.
 */
export function letRequestsGo(): void {
  // V8 would make objects of a kind that was long-lived for a while among the old ones from then on;
  // there they keep all they refer to. Nothing that is made here often lives longer than a request.
  setFlagsFromString('--no-allocation-site-pretenuring')
  // Looks for values that contain themselves, in weak maps, which do the same. JSON has none.
  const memoizer = { alloc: <T>(_schema: unknown, _payload: unknown, empty: T) => empty }
  z.config({ memoizer: { ...memoizer, guard() {}, attach() {} } })
}
