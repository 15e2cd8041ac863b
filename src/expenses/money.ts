/** A currency (ISO 4217) and how many decimals its amounts have. */
export type Currency = {
  readonly code: string
  readonly minorDigits: number
}

/** The largest amount of one expense, in whole units of any currency. */
export const MAX_AMOUNT = 1_000_000_000

// ISO 4217's own digits. Those that Intl knows are for display (it writes the Iraqi dinar without
// decimals) and change with the runtime; what is on disk must not change its meaning.
const MINOR_DIGITS: ReadonlyMap<string, number> = new Map([
  ...codes('BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF', 0),
  ...codes('BHD IQD JOD KWD LYD OMR TND', 3),
  ...codes('CLF UYW', 4),
])

/** The currency of a code that is already known to be one. */
export function currencyOf(code: string): Currency {
  return { code, minorDigits: MINOR_DIGITS.get(code) ?? 2 }
}

/** Whether the code is a currency of ISO 4217, in capitals. */
export function isCurrencyCode(code: string): boolean {
  return Intl.supportedValuesOf('currency').includes(code)
}

/**
 * An amount as an integer of minor units; undefined when it is not above zero, is too large or has
 * more decimals than the currency.
 */
export function toMinorUnits(amount: number, currency: Currency): number | undefined {
  if (!(amount > 0 && amount <= MAX_AMOUNT)) return undefined
  // The shortest decimal that reads back as this number is what the caller wrote: 1.005 has three
  // decimals there, 0.1 + 0.2 has seventeen. Multiplying by 100 would round both.
  const [, whole = '', fraction = ''] = /^(\d+)(?:\.(\d+))?$/.exec(String(amount)) ?? []
  if (whole === '' || fraction.length > currency.minorDigits) return undefined
  return Number(whole + fraction.padEnd(currency.minorDigits, '0'))
}

/** Minor units as a decimal with all of the currency's digits, e.g. `75.10`. */
export function toDecimal(minorUnits: number | bigint, currency: Currency): string {
  const digits = String(minorUnits).padStart(currency.minorDigits + 1, '0')
  if (currency.minorDigits === 0) return digits
  return `${digits.slice(0, -currency.minorDigits)}.${digits.slice(-currency.minorDigits)}`
}

function codes(list: string, minorDigits: number): [string, number][] {
  return list.split(' ').map((code) => [code, minorDigits])
}
