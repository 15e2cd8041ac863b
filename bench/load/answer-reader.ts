// Reads what comes back on one connection: HTTP/1.1 as servers send it, and no more of it than a
// generator has to know. `node:http` would take longer over an answer than some of those measured.

export type Answer = {
  readonly status: number
  readonly body: Buffer
  /** Whether the connection takes another request. */
  readonly isKept: boolean
}

export type AnswerReader = {
  /** Takes what has come; gives an answer when one is whole. Throws where it is not HTTP. */
  push(bytes: Buffer): Answer | undefined
  /** The connection has ended: the answer, where its end is the answer's. */
  end(): Answer | undefined
}

type Head = {
  readonly status: number
  readonly isKept: boolean
  /** Where the body begins. */
  readonly at: number
  /** `chunked`, a length, or until the connection ends. */
  readonly framing: 'chunked' | 'end' | number
}

/** The longest answer that is read. */
const MAX_ANSWER = 16 * 1024 * 1024

/** One request is under way at a time, so that whatever comes belongs to its answer. */
export function createAnswerReader(): AnswerReader {
  let bytes: Buffer = Buffer.alloc(0)
  let head: Head | undefined
  let chunks = { next: 0, pieces: [] as Buffer[] }

  function finish(status: number, body: Buffer, isKept: boolean): Answer {
    bytes = Buffer.alloc(0)
    head = undefined
    chunks = { next: 0, pieces: [] }
    return { status, body, isKept }
  }

  function read(): Answer | undefined {
    head ??= readHead(bytes)
    if (!head) return undefined
    const { status, isKept, at, framing } = head
    if (framing === 'end') return undefined
    if (framing === 'chunked') {
      const isWhole = readChunks(bytes, at, chunks)
      return isWhole ? finish(status, join(chunks.pieces), isKept) : undefined
    }
    if (bytes.length < at + framing) return undefined
    return finish(status, bytes.subarray(at, at + framing), isKept)
  }

  return {
    push(more) {
      bytes = bytes.length === 0 ? more : Buffer.concat([bytes, more])
      if (bytes.length > MAX_ANSWER) throw new Error(`an answer of more than ${MAX_ANSWER} bytes`)
      return read()
    },
    end() {
      if (head?.framing !== 'end') return undefined
      return finish(head.status, bytes.subarray(head.at), false)
    },
  }
}

/** RFC 9112 §2.2, §6.3. */
function readHead(bytes: Buffer): Head | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const text = bytes.toString('latin1', 0, end)
  const [, version, status] = /^HTTP\/1\.([01]) (\d{3})/.exec(text) ?? []
  if (status === undefined) throw new Error('an answer that is not HTTP/1.1')
  const isKept = version === '1' && !/\r\nconnection: *close/i.test(text)
  return { status: Number(status), isKept, at: end + 4, framing: framingOf(status, text) }
}

function framingOf(status: string, head: string): Head['framing'] {
  if (status === '204' || status === '304') return 0
  if (/\r\ntransfer-encoding:[^\r]*chunked/i.test(head)) return 'chunked'
  const [, length] = /\r\ncontent-length: *(\d+)/i.exec(head) ?? []
  return length === undefined ? 'end' : Number(length)
}

/** RFC 9112 §7.1. Goes on where it stopped; tells whether the last one has come. */
function readChunks(bytes: Buffer, start: number, chunks: { next: number; pieces: Buffer[] }) {
  let at = chunks.next || start
  for (;;) {
    const line = bytes.indexOf('\r\n', at)
    if (line < 0) return false
    const size = Number.parseInt(bytes.toString('latin1', at, line), 16)
    if (!(size >= 0)) throw new Error('a chunk without a size')
    // The last one has trailers, which end with an empty line; mostly there are none.
    if (size === 0) return bytes.indexOf('\r\n\r\n', line) >= 0
    const body = line + 2
    if (bytes.length < body + size + 2) return false
    chunks.pieces.push(bytes.subarray(body, body + size))
    at = body + size + 2
    chunks.next = at
  }
}

function join(pieces: readonly Buffer[]): Buffer {
  const [first] = pieces
  return pieces.length === 1 && first ? first : Buffer.concat(pieces)
}
