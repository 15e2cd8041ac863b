import { ConfigurationError } from './configuration-error.ts'

/** JSON in which there may be comments and commas behind the last item. */
export function parseJsonc(text: string): unknown {
  const json = blank(text.replace(/^\ufeff/, ''))
  try {
    return JSON.parse(json)
  } catch {
    const at = findFault(json)
    const lines = json.slice(0, at).split('\n')
    const found = at < json.length ? JSON.stringify(json.slice(at, at + 20)) : 'the end'
    const place = `line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`
    const problem = `is not JSON: ${found} in ${place} does not belong there.`
    const cure = 'Mend it there; comments (// and /* */) and trailing commas are allowed.'
    throw new ConfigurationError([{ path: '', problem, cure }])
  }
}

// A string, a comment, or a comma that only space and comments part from a closing bracket.
const BLANKED =
  /("(?:[^"\\\n]|\\.)*")|\/\/[^\n]*|\/\*[\s\S]*?\*\/|,(?=(?:\s|\/\/[^\n]*\n|\/\*[\s\S]*?\*\/)*[\]}])/g

/** Puts spaces in their place, so that every position stays what it was. */
function blank(text: string): string {
  return text.replace(BLANKED, (token, string?: string) => string ?? token.replace(/[^\n]/g, ' '))
}

const TOKEN =
  /\s*(?:([{}[\],:])|("(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null))/uy

/** Where the first token stands that does not fit; V8's own message names a place only sometimes. */
function findFault(text: string): number {
  const open: ('{' | '[')[] = []
  let expected = 'value'
  TOKEN.lastIndex = 0
  for (;;) {
    const start = TOKEN.lastIndex + (/^\s*/.exec(text.slice(TOKEN.lastIndex))?.[0].length ?? 0)
    const token = TOKEN.exec(text)
    if (!token) return start
    const [, mark, string] = token
    const next = step(mark ?? (string === undefined ? 'value' : 'string'), expected, open)
    if (next === undefined) return start
    expected = next
  }
}

/** What may follow a token, or undefined where it may not stand. */
function step(token: string, expected: string, open: ('{' | '[')[]): string | undefined {
  const isValueDue = expected === 'value' || expected === 'item'
  if (token === '{' || token === '[') {
    if (!isValueDue) return undefined
    open.push(token)
    return token === '{' ? 'first key' : 'item'
  }
  if (token === '}' || token === ']') {
    const isEmpty = expected === (token === '}' ? 'first key' : 'item')
    const fits = open.at(-1) === (token === '}' ? '{' : '[') && (isEmpty || expected === 'more')
    if (!fits) return undefined
    open.pop()
    return open.length > 0 ? 'more' : 'end'
  }
  if (token === ',')
    return expected === 'more' ? (open.at(-1) === '{' ? 'key' : 'value') : undefined
  if (token === ':') return expected === 'colon' ? 'value' : undefined
  if (token === 'string' && (expected === 'key' || expected === 'first key')) return 'colon'
  if (!isValueDue) return undefined
  return open.length > 0 ? 'more' : 'end'
}
