import type { GraphCall } from '../graph/graph-client.ts'

/** What stands in a call for an id that is known only when an earlier one was answered. */
export const BLANK = /\$(APP|OID|SP|GRAPH)\b/g

/**
 * The same calls as commands of the Azure CLI, for a shell such as bash. `az rest` sends exactly
 * what is written; `az ad app update` replaces lists and takes no nested property.
 */
export function toAz(calls: readonly GraphCall[], origin: string, az = 'az'): string {
  return calls.map((call) => toCommand(call, origin, az)).join('\n')
}

function toCommand(call: GraphCall, origin: string, az: string): string {
  const rest = toRest(call, origin, az)
  const [blank, member] = Object.entries(call.gives ?? {})[0] ?? []
  if (blank === undefined) return `${rest} --output none`
  // Shown the once, and to be taken down.
  if (member === 'secretText') return `${rest} --query secretText --output tsv`
  const capture = ([name, value]: [string, string], command: string) =>
    `${name.slice(1)}=$(${command} --query ${value} --output tsv)`
  if (call.method === 'GET' || call.finds === undefined) {
    return Object.entries(call.gives ?? {})
      .map((each) => capture(each, rest))
      .join('\n')
  }
  // It may be there already; where it is found afterwards, its ids are the right ones either way.
  const find = toRest({ method: 'GET', path: call.finds, why: '' }, origin, az)
  const captures = Object.entries(call.gives ?? {}).map((each) => capture(each, find))
  return [`${rest} --output none`, ...captures].join('\n')
}

function toRest({ method, path, body, headers }: GraphCall, origin: string, az: string): string {
  const sent = Object.entries({
    ...(body && { 'Content-Type': 'application/json' }),
    ...headers,
  })
  return [
    `${az} rest --method ${method}`,
    `--url ${quote(`${origin}/v1.0${path}`)}`,
    // It knows Microsoft's own address only.
    ...(origin === 'https://graph.microsoft.com'
      ? []
      : [`--resource ${quote(origin.replace('http:', 'https:'))}`]),
    ...(sent.length > 0 ? [`--headers ${sent.map(([n, v]) => quote(`${n}=${v}`)).join(' ')}`] : []),
    ...(body ? [`--body ${quote(JSON.stringify(body))}`] : []),
  ].join(' ')
}

/** One word for the shell, in which only the blanks are filled. */
export function quote(text: string): string {
  if (!text.match(BLANK))
    return /^[\w.:/=@-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
  const parts = text.split(BLANK)
  // `split` gives what is between the blanks, and the blanks' names in turn.
  const words = parts.map((part, i) =>
    i % 2 === 1 ? `$\{${part}}` : part.replace(/[\\"`$]/g, (character) => `\\${character}`),
  )
  return `"${words.join('')}"`
}
