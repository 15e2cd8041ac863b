/** How much may wait for whoever reads it, in bytes: one who hangs is not to fill the memory. */
const MAX_WAITING = 4 * 1024 * 1024

/** What lines are written to: a `NodeJS.WriteStream`, or what is like one. */
export type LineStream = Pick<NodeJS.WriteStream, 'write' | 'writableLength'>

/**
 * Writes lines for as long as somebody reads them. What finds no room is lost; once all that waited
 * has been read it goes on, and `onResumed` hears first how many were.
 */
export function createLineWriter(
  stream: LineStream,
  onResumed: (lost: number) => void,
): (line: string) => void {
  let lost = 0
  return (line) => {
    const room = lost > 0 ? 0 : MAX_WAITING
    if (stream.writableLength > room) {
      lost++
      return
    }
    const count = lost
    lost = 0
    if (count > 0) onResumed(count)
    stream.write(line)
  }
}
