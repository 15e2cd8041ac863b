/** A map that never grows beyond its bounds: what was used longest ago goes first. */
export type BoundedMap<T> = {
  /** The value, which thereby is the one used last. */
  get(key: string): T | undefined
  /** Puts a value that takes `size` bytes or so. */
  set(key: string, value: T, size: number): void
  /** Takes a value out; gives it and its size. */
  take(key: string): { readonly value: T; readonly size: number } | undefined
}

export type Bounds = { readonly maxCount: number; readonly maxBytes: number }

export function createBoundedMap<T>({ maxCount, maxBytes }: Bounds): BoundedMap<T> {
  const entries = new Map<string, { readonly value: T; readonly size: number }>()
  let bytes = 0

  function take(key: string) {
    const entry = entries.get(key)
    if (!entry) return undefined
    entries.delete(key)
    bytes -= entry.size
    return entry
  }

  return {
    get(key) {
      const entry = entries.get(key)
      if (!entry) return undefined
      entries.delete(key)
      entries.set(key, entry)
      return entry.value
    },
    set(key, value, size) {
      take(key)
      entries.set(key, { value, size })
      bytes += size
      while (entries.size > maxCount || bytes > maxBytes) {
        take(entries.keys().next().value as string)
      }
    },
    take,
  }
}
