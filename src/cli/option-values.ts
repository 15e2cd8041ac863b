import { InvalidArgumentError, Option } from 'commander'

/** An option that takes a port. */
export function portOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser(parsePort)
}

function parsePort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65535) return Number(text)
  throw new InvalidArgumentError('Expected a port number from 0 to 65535.')
}

/** How many proxies stand in front. */
export function parseHops(text: string): number {
  if (/^(\d|10)$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Expected a whole number from 0 to 10.')
}

/** A time in whole seconds. */
export function parseSeconds(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) > 0) return Number(text)
  throw new InvalidArgumentError('Expected a whole number of seconds from 1 to 99999.')
}

/** How long a stop waits, in seconds. */
export function parseDrain(text: string): number {
  if (/^\d{1,4}$/.test(text) && Number(text) > 0 && Number(text) <= 3600) return Number(text)
  throw new InvalidArgumentError('Expected a whole number of seconds from 1 to 3600.')
}

/** How long until a new key is used, in seconds: from at once to a day. */
export function parseOverlap(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 86_400) return Number(text)
  throw new InvalidArgumentError('Expected a whole number of seconds from 0 to 86400.')
}
