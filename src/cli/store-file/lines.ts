/** One line of a file, without its end. */
export type Line = {
  /** Counts from 1. */
  readonly number: number
  readonly bytes: Buffer
  /** Whether it ended; the last one of a file that was cut off does not. */
  readonly isWhole: boolean
}

const LINE_FEED = 10

/** Splits bytes into lines; holds one chunk and one line at a time. `max` bytes end it with an error. */
export async function* linesOf(
  chunks: AsyncIterable<Buffer>,
  max: number,
  tooLong: (number: number) => Error,
): AsyncGenerator<Line> {
  let rest: Buffer[] = []
  let length = 0
  let number = 1
  for await (const chunk of chunks) {
    let from = 0
    for (let to = chunk.indexOf(LINE_FEED); to !== -1; to = chunk.indexOf(LINE_FEED, from)) {
      if (length + to - from > max) throw tooLong(number)
      yield { number, bytes: Buffer.concat([...rest, chunk.subarray(from, to)]), isWhole: true }
      ;[rest, length, from] = [[], 0, to + 1]
      number++
    }
    length += chunk.length - from
    if (length > max) throw tooLong(number)
    if (from < chunk.length) rest.push(chunk.subarray(from))
  }
  if (length > 0) yield { number, bytes: Buffer.concat(rest), isWhole: false }
}
