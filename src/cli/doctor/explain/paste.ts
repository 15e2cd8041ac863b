import { JWT } from '../safe-text.ts'

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
/** An address that was handed on is encoded once more. */
const MAX_ENCODINGS = 3

/** Reads a number, a page, a URL, JSON, a log line, a token, or any text that has one of these. */
export function parsePaste(pasted: string): Paste {
  // Of what is longer, a log, the end is of interest.
  const decoded = decode(pasted.slice(-MAX_LENGTH))
  const tokens = [...decoded.matchAll(JWT)].map(([token]) => token)
  const text = toText(decoded.replace(JWT, ' '))
  return {
    text,
    codes: findCodes(text),
    error: /\berror["']?\s*[=:]\s*["']?([a-z_]{3,40})\b/.exec(text)?.[1],
    tokens: [...new Set(tokens)].slice(0, 5),
    ids: {
      traceId: find(text, /(?:trace|request)[ _]?id["']?:?\s*["']?([0-9a-f-]{36})/i),
      correlationId: find(text, /correlation[ _]?id["']?:?\s*["']?([0-9a-f-]{36})/i),
      timestamp: find(text, /timestamp["']?:?\s*["']?(\d{4}-\d\d-\d\d[ T][\d:]+(?:\.\d+)?Z)/i),
    },
  }
}

function findCodes(text: string): number[] {
  // Nothing but numbers, as they are typed.
  const words = text.split(/[\s,;]+/).slice(0, MAX_CODES)
  if (words.every((word) => /^\d{4,9}$/.test(word))) return [...new Set(words.map(Number))]
  const listed = /error_codes["']?\s*:\s*\[([\d,\s]*)\]/.exec(text)?.[1] ?? ''
  const found = [
    ...[...text.matchAll(/AADSTS[ :#-]?(\d{4,9})/gi)].map(([, code]) => Number(code)),
    ...listed.split(',').flatMap((code) => (code.trim() ? [Number(code)] : [])),
    ...[...text.matchAll(/\/error\?code=(\d{4,9})|"aadsts"\s*:\s*(\d{4,9})/g)].map(([, a, b]) =>
      Number(a ?? b),
    ),
  ]
  return [...new Set(found)].slice(0, MAX_CODES)
}

function toText(decoded: string): string {
  return decoded
    .replace(/<[^<>]{0,2000}>/g, ' ')
    .replace(/\\r|\\n/g, ' ')
    .replaceAll('\\"', '"')
    .replace(/\\?&#39;|&#x27;|\\u0027/g, "'")
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .replace(/[\p{C}\p{Z}]+/gu, ' ')
    .trim()
}

/** Takes percent-encoding off, as often as it was put on; whatever does not decode stays as it is. */
function decode(pasted: string): string {
  let text = pasted
  for (let i = 0; i < MAX_ENCODINGS && /%[0-9a-f]{2}/i.test(text); i += 1) {
    text = text.replaceAll('+', ' ').replace(/(?:%[0-9a-f]{2})+/gi, (part) => {
      try {
        return decodeURIComponent(part)
      } catch {
        return part
      }
    })
  }
  return text
}

function find(text: string, pattern: RegExp): string | undefined {
  return pattern.exec(text)?.[1]
}
