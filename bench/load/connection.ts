// One connection that is kept open, with one request under way at most.
import { connect, type Socket } from 'node:net'
import { type Answer, createAnswerReader } from './answer-reader.ts'

export type Target = { readonly host: string; readonly port: number }

export type Connection = {
  /** Sends a whole request; nothing may be under way. */
  send(request: Buffer): void
  /** Ends it; what is under way is no failure any more. */
  close(): void
}

export type ConnectionEvents = {
  answered(connection: Connection, answer: Answer): void
  /** It cannot be used any more. */
  failed(message: string): void
}

/** Opens one; after an answer that ends it, it is opened anew. */
export async function openConnection(
  target: Target,
  events: ConnectionEvents,
): Promise<Connection> {
  const reader = createAnswerReader()
  /** None while it is opened anew. */
  let socket: Socket | undefined
  let waiting: Buffer | undefined
  let isUnderWay = false
  let isClosed = false

  const connection: Connection = {
    send(request) {
      isUnderWay = true
      if (socket) socket.write(request)
      else waiting = request
    },
    close() {
      isClosed = true
      socket?.destroy()
    },
  }

  function use(fresh: Socket): void {
    socket = fresh
    if (isClosed) return void fresh.destroy()
    if (waiting) fresh.write(waiting)
    waiting = undefined
    fresh.on('data', (bytes) => {
      if (socket === fresh) take(bytes)
    })
    fresh.on('error', (error) => fail(fresh, error.message))
    fresh.on('close', () => {
      const last = socket === fresh ? reader.end() : undefined
      if (last) answered(last)
      else if (isUnderWay) fail(fresh, 'the connection ended before its answer was whole')
      else if (socket === fresh) reopen()
    })
  }

  function take(bytes: Buffer): void {
    try {
      if (!isUnderWay) throw new Error('something came that was not asked for')
      const answer = reader.push(bytes)
      if (answer) answered(answer)
    } catch (error) {
      events.failed((error as Error).message)
    }
  }

  function answered(answer: Answer): void {
    isUnderWay = false
    if (!answer.isKept) reopen()
    events.answered(connection, answer)
  }

  function fail(own: Socket, message: string): void {
    if (!isClosed && socket === own) events.failed(message)
  }

  function reopen(): void {
    socket?.destroy()
    socket = undefined
    if (!isClosed) openSocket(target).then(use, ({ message }) => events.failed(message))
  }

  use(await openSocket(target))
  return connection
}

function openSocket({ host, port }: Target): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      resolve(socket)
    })
  })
}
