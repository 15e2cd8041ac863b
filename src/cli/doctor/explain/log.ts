import { parseJson } from '../checks/metadata.ts'
import { shown } from '../safe-text.ts'

/** What a server's log says of one kind of trouble. */
export type LogGroup = {
  /** Entra's number, where there is one. */
  readonly code?: number
  /** The event, or OAuth's error word. */
  readonly event: string
  readonly count: number
  readonly last: string
  readonly message: string
}

type Entry = {
  readonly event: string
  readonly code: number | undefined
  readonly error: string
  readonly time: string
  readonly message: string
}

const DAY = 24 * 3600 * 1000
/** More kinds of trouble than a person reads. */
const MAX_GROUPS = 50

const WORTH_TELLING = /^(entra\.|refresh\.|request\.refused|credential\.|error\.|start\.)/

/**
 * Groups the refusals of a log as `LOG_FORMAT=json` writes it, over the 24 hours before its last
 * line; undefined for a text that is no such log.
 */
export function readLog(text: string): readonly LogGroup[] | undefined {
  const lines = text.split('\n').filter((line) => line.trim().startsWith('{'))
  const entries = lines.flatMap((line) => toEntry(parseJson(line)))
  if (entries.length === 0) return undefined
  const end = entries.reduce((last, { time }) => Math.max(last, Date.parse(time) || 0), 0)
  const recent = entries.filter(({ time }) => end - (Date.parse(time) || 0) <= DAY)
  const groups = new Map<string, LogGroup>()
  for (const { event, code, error, time, message } of recent) {
    if (!WORTH_TELLING.test(event) || event === 'entra.signed-in') continue
    const key = `${event} ${code ?? error}`
    if (groups.size >= 10 * MAX_GROUPS && !groups.has(key)) continue
    const count = (groups.get(key)?.count ?? 0) + 1
    groups.set(key, { ...(code !== undefined && { code }), event, count, last: time, message })
  }
  return [...groups.values()].sort((a, b) => b.count - a.count).slice(0, MAX_GROUPS)
}

function toEntry(line: Record<string, unknown> | undefined): Entry[] {
  const properties = (line?.properties ?? {}) as Record<string, unknown>
  const { event, aadsts, error, message } = { ...properties, ...line }
  if (typeof event !== 'string') return []
  const time = shown(line?.['@timestamp'] ?? line?.timestamp)
  const code = typeof aadsts === 'number' ? aadsts : undefined
  return [{ event, code, error: shown(error), time, message: shown(message) }]
}
