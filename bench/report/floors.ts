// The least that ratios beside the bare server may be, in the quick form.

export type Floor = {
  readonly part: string
  /** The ratio's id: more is better. */
  readonly ratio: string
  readonly least: number
  /** Why this number, and not a higher one. */
  readonly why: string
  /** Where to look when it is broken. */
  readonly look: string
}

/** Empty until the parts that they hold to account are here. */
export const FLOORS: readonly Floor[] = []
