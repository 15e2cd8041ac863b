import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Answer, Order } from './client-process.ts'

/** Processes that send the same request at the same moment. */
export type ClientProcesses = AsyncDisposable & {
  /** Sends it `times` in all; gives every answer. */
  send(url: string, form: Order['form'], times: number): Promise<readonly Answer[]>
}

/** Starts so many. */
export async function startClientProcesses(count: number): Promise<ClientProcesses> {
  const file = join(import.meta.dirname, 'client-process.ts')
  const processes = Array.from({ length: count }, () => fork(file))
  await Promise.all(processes.map(nextMessage))
  return {
    async send(url, form, times) {
      // Long enough for the words to arrive everywhere.
      const at = performance.timeOrigin + performance.now() + 100
      const answers = processes.map(async (child, i) => {
        const answer = nextMessage(child)
        const own = Math.floor(times / count) + (i < times % count ? 1 : 0)
        child.send({ url, form, times: own, at } satisfies Order)
        return (await answer) as readonly Answer[]
      })
      return (await Promise.all(answers)).flat()
    },
    async [Symbol.asyncDispose]() {
      const exits = processes.map((child) => once(child, 'exit'))
      for (const child of processes) child.disconnect()
      await Promise.all(exits)
    },
  }
}

/** Fails when the process ends in place of speaking. */
async function nextMessage(child: ChildProcess): Promise<unknown> {
  const listening = new AbortController()
  const { signal } = listening
  const exit = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`A client process ended with ${code}.`)
  })
  try {
    const [message] = await Promise.race([once(child, 'message', { signal }), exit])
    return message
  } finally {
    exit.catch(() => {})
    listening.abort()
  }
}
