/** A name of the server's, such as `food`, as a person reads it. */
export function nameOf(name: string): string {
  return name.slice(0, 1).toUpperCase() + name.slice(1)
}

const STEP_NAMES: ReadonlyMap<number, string> = new Map([
  [1, 'By month'],
  [3, 'By quarter'],
  [12, 'By year'],
])

/** What a stretch of so many months is called. */
export function stepName(months: number): string {
  return STEP_NAMES.get(months) ?? `By ${months / 12} years`
}

/** The filters in a tool's arguments, which may be half written, as a person reads them. */
export function filtersOf(args: Readonly<Record<string, unknown>>): string[] {
  return [args.category, args.payment_method]
    .filter((value) => typeof value === 'string' && value !== '')
    .map((value) => nameOf(String(value).slice(0, 40)))
}
