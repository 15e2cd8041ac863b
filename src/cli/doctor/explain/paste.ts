/** What was found in something that a person pasted. */
export type Paste = {
  /** It, on one line, without tags and percent-encoding. */
  readonly text: string
  /** Entra's numbers, the first one first. */
  readonly codes: readonly number[]
  /** OAuth's error word. */
  readonly error: string | undefined
  readonly tokens: readonly string[]
  readonly ids: Ids
}

/** What Microsoft's support asks for. */
export type Ids = {
  readonly traceId: string | undefined
  readonly correlationId: string | undefined
  readonly timestamp: string | undefined
}

const MAX_LENGTH = 256 * 1024
const MAX_CODES = 10

/** Reads a number, a page, a URL, JSON, a log line, a token, or any text that has one of these. */
export function parsePaste(pasted: string): Paste {
  const tokens = [...pasted.slice(0, MAX_LENGTH).matchAll(JWT)].map(([token]) => token)
  const text = toText(pasted.slice(0, MAX_LENGTH).replace(JWT, ' '))
  return {
    text,
    codes: findCodes(text),
    error: /\b"?error"?\s*[=:]\s*"?([a-z_]{3,40})\b/.exec(text)?.[1],
    tokens: [...new Set(tokens)].slice(0, 5),
    ids: {
      traceId: find(text, /(?:Trace|Request) ?Id"?:?\s*"?([0-9a-f-]{36})/i) ?? find(text, TRACE),
      correlationId: find(text, /correlation[ _]?id"?:?\s*"?([0-9a-f-]{36})/i),
      timestamp: find(text, /Timestamp"?:?\s*"?(\d{4}-\d\d-\d\d[ T][\d:]+(?:\.\d+)?Z)/i),
    },
  }
}

const TRACE = /trace_id"?:?\s*"?([0-9a-f-]{36})/i

/** Three parts, of which the first two are JSON objects. */
const JWT = /\beyJ[\w-]{5,}\.eyJ[\w-]{5,}\.[\w-]*/g

function findCodes(text: string): number[] {
  const whole = /^\s*(?:AADSTS)?(\d{4,9})\s*$/i.exec(text)
  if (whole) return [Number(whole[1])]
  const listed = /"?error_codes"?\s*:\s*\[([\d,\s]*)\]/.exec(text)?.[1] ?? ''
  const found = [
    ...[...text.matchAll(/AADSTS(\d{4,9})/gi)].map(([, code]) => Number(code)),
    ...listed.split(',').flatMap((code) => (code.trim() ? [Number(code)] : [])),
    ...[...text.matchAll(/\/error\?code=(\d{4,9})|"aadsts"\s*:\s*(\d{4,9})/g)].map(([, a, b]) =>
      Number(a ?? b),
    ),
  ]
  return [...new Set(found)].slice(0, MAX_CODES)
}

function toText(pasted: string): string {
  const isEncoded = /%[0-9a-f]{2}/i.test(pasted)
  const decoded = isEncoded ? decode(pasted.replaceAll('+', ' ')) : pasted
  return decoded
    .replace(/<[^<>]{0,2000}>/g, ' ')
    .replace(/\\r|\\n/g, ' ')
    .replace(/\\?&#39;|&#x27;|\\u0027/g, "'")
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .replace(/[\p{C}\p{Z}]+/gu, ' ')
    .trim()
}

/** Whatever does not decode stays as it is. */
function decode(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (part) => {
    try {
      return decodeURIComponent(part)
    } catch {
      return part
    }
  })
}

function find(text: string, pattern: RegExp): string | undefined {
  return pattern.exec(text)?.[1]
}
