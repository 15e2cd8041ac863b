/** Answers that are still being written, such as event streams. */
export type OpenAnswers = {
  /** The answer, which ends as soon as `isStillLet` says no. */
  hold(response: Response, isStillLet: () => boolean): Response
  /** Asks of each whether it may go on. */
  review(): void
  endAll(): void
}

type OpenAnswer = { readonly isStillLet: () => boolean; readonly end: () => void }

/**
 * A token is judged when a request comes; what it opened can go on for hours. So each answer that
 * may last is judged again while it does, as a new request with the same token would be.
 */
export function createOpenAnswers(): OpenAnswers {
  const open = new Set<OpenAnswer>()
  return {
    hold(response, isStillLet) {
      if (!response.body || isBrief(response)) return response
      const body = follow(response.body, isStillLet, open)
      const { status, statusText, headers } = response
      return new Response(body, { status, statusText, headers })
    },
    review() {
      for (const answer of open) if (!answer.isStillLet()) answer.end()
    },
    endAll() {
      for (const answer of open) answer.end()
    },
  }
}

/** JSON is written in one go; `application/json-seq` and its like go on. */
function isBrief({ headers }: Response): boolean {
  const [type] = (headers.get('content-type') ?? '').split(';', 1)
  return type?.trim().toLowerCase() === 'application/json'
}

function follow(
  body: ReadableStream<Uint8Array>,
  isStillLet: () => boolean,
  open: Set<OpenAnswer>,
): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  const source = (controller: ReadableStreamDefaultController<Uint8Array>): OpenAnswer => {
    const answer = {
      isStillLet,
      end: () => {
        if (!open.delete(answer)) return
        controller.close()
        // Whoever writes it is told; what they answer is nobody's business any more.
        reader.cancel().catch(() => {})
      },
    }
    return answer
  }
  let answer: OpenAnswer
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        answer = source(controller)
        open.add(answer)
      },
      async pull(controller) {
        const { done, value } = await reader.read().catch((error: unknown) => {
          open.delete(answer)
          throw error
        })
        if (!open.has(answer)) return
        if (done) answer.end()
        else controller.enqueue(value)
      },
      cancel(reason) {
        open.delete(answer)
        return reader.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
}
