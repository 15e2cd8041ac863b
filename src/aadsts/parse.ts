/** Reads the number, and the ids that support asks for, out of Entra's description. */
export function parseDescription(description: string | undefined) {
  // Bounded, and on one line of visible characters: it comes through a browser, and goes into a log.
  const text = (description ?? '').slice(0, 2000).replace(/[\p{C}\p{Z}]+/gu, ' ')
  const id = (label: string) => new RegExp(`${label}: ([0-9a-f-]{36})`, 'i').exec(text)?.[1]
  const number = /AADSTS(\d{4,9})/.exec(text)?.[1]
  return {
    code: number ? Number(number) : undefined,
    traceId: id('Trace ID'),
    correlationId: id('Correlation ID'),
    /** The sentence itself, without the ids behind it. */
    sentence: text
      .replace(/ ?Trace ID:.*$/i, '')
      .trim()
      .slice(0, 400),
  }
}
