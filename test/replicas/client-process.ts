import { setImmediate } from 'node:timers/promises'

/** A request that a client process sends, `times` at once, all processes at the same moment. */
export type Order = {
  readonly url: string
  readonly form: Readonly<Record<string, string>>
  readonly times: number
  /** When, in milliseconds of a clock that nobody moves. */
  readonly at: number
}

/** What came back. */
export type Answer = { readonly status: number; readonly body: Record<string, unknown> }

// A process of its own, as clients are: test/replicas/client-processes.ts starts it.
process.on('message', async (order: Order) => process.send?.(await carryOut(order)))
process.send?.('ready')

async function carryOut({ url, form, times, at }: Order): Promise<Answer[]> {
  const send = async () => {
    const response = await fetch(url, { method: 'POST', body: new URLSearchParams(form) })
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }
  while (performance.timeOrigin + performance.now() < at) await setImmediate()
  return Promise.all(Array.from({ length: times }, send))
}
