import type { LineStream } from './line-writer.ts'

/** How long a line waits for others, in milliseconds. */
const PAUSE = 10

/**
 * A stream that is given lines in one piece which come in close order: to write one takes as long as to
 * make it, and wakes up whoever reads. Nothing waits beyond the end of the process.
 */
export function gathered(stream: LineStream, ending: NodeJS.EventEmitter = process): LineStream {
  let lines = ''

  function flush(): void {
    const text = lines
    lines = ''
    if (text !== '') stream.write(text)
  }

  ending.on('exit', flush)
  return {
    write(line) {
      if (lines === '') setTimeout(flush, PAUSE)
      lines += String(line)
      return true
    },
    get writableLength() {
      return stream.writableLength + lines.length
    },
  }
}
