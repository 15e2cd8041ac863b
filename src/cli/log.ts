import {
  configureSync,
  getJsonLinesFormatter,
  getLogger,
  getTextFormatter,
  type LogRecord,
} from '@logtape/logtape'
import type { Log } from '../log.ts'
import { createLineWriter, type LineStream } from './line-writer.ts'

/** Sends events to stdout, a line each: for a person, or as JSON. */
export function createLog(format: 'text' | 'json', stream: LineStream = process.stdout): Log {
  const formatter = format === 'json' ? jsonLines : textLines
  const write = createLineWriter(stream, (lost) => log(resumed(lost)))
  configureSync({
    reset: true,
    // One stream, in order; a collector tells the levels apart by their field.
    sinks: { lines: (record) => write(formatter(record)) },
    loggers: [
      { category: 'entrance', lowestLevel: 'info', sinks: ['lines'] },
      { category: ['logtape', 'meta'], lowestLevel: 'warning', sinks: ['lines'] },
    ],
  })
  const logger = getLogger('entrance')
  const log: Log = ({ level = 'info', message, ...fields }) => {
    // Messages carry other people's words: braces in them are no placeholders.
    const properties = { ...fields, message }
    if (level === 'error') logger.error('{message}', properties)
    else if (level === 'warn') logger.warn('{message}', properties)
    else if (level === 'debug') logger.debug('{message}', properties)
    else logger.info('{message}', properties)
  }
  return log
}

function resumed(lost: number) {
  const message = `Nobody read the log, and ${lost} lines of it were lost.`
  return { event: 'log.resumed', level: 'warn', message, lost } as const
}

const toJson = getJsonLinesFormatter({ message: 'rendered', properties: 'flatten' })

const jsonLines = (record: LogRecord) => escapeUnseen(toJson(record))

/** `bare` escapes control characters: a client's name cannot write a line of its own. */
const textLines = getTextFormatter({
  timestamp: 'time',
  // That of the clock on the person's wall.
  timeZone: null,
  level: 'ABBR',
  value: 'bare',
  format: ({ timestamp, level, message, record }) => {
    const { transaction } = record.properties
    const time = timestamp?.slice(0, 8)
    const words = [time, level, transaction ?? '-       ', message, ...fieldsOf(record)]
    return escapeUnseen(words.join(' '))
  },
})

function fieldsOf(record: LogRecord): string[] {
  const { transaction: _, message: __, event: ___, ...fields } = record.properties
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
}

/** What JSON and `bare` leave as it is and a terminal acts on: controls, line ends, directions. */
const UNSEEN = /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g

function escapeUnseen(line: string): string {
  const escaped = (character: string) => character.charCodeAt(0).toString(16).padStart(4, '0')
  return line.replace(UNSEEN, (character) => `\\u${escaped(character)}`)
}
