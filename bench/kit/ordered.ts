// Programs of the bench that take orders as messages, each in a process beside what is measured.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { nodeBinary } from '../../scripts/setup.js'
import { BESIDE, pinTo } from './processors.ts'

/** A program that takes one order after the other. */
export type Ordered<Order, Done> = AsyncDisposable & {
  /**
   * Calls `began` when all that has to be there first is there. Rejects with what the program says is
   * wrong, and where it ends.
   */
  order(order: Order, began?: () => void): Promise<Done>
}

/** What a program says. */
type Message<Done> = { readonly began: true } | { readonly done: Done } | { readonly error: string }

/** In the program: takes orders until nobody is there any more to give one. */
export function takeOrders<Order, Done>(
  take: (order: Order, began: () => void) => Promise<Done>,
): void {
  const say = (message: Message<Done>) => void process.send?.(message)
  process.on('message', (order: Order) => {
    take(order, () => say({ began: true })).then(
      (done) => say({ done }),
      (error: unknown) => say({ error: error instanceof Error ? error.message : String(error) }),
    )
  })
  process.on('disconnect', () => process.exit())
}

/** Starts `bench/<file>`. */
export function startOrdered<Order extends object, Done>(file: string): Ordered<Order, Done> {
  const path = join(import.meta.dirname, '..', file)
  const [command = '', ...args] = [...pinTo(BESIDE), nodeBinary(), path]
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  return {
    order(order, began = () => {}) {
      const { promise, resolve, reject } = Promise.withResolvers<Done>()
      const hear = (message: Message<Done>) => {
        if ('began' in message) began()
        else if ('done' in message) resolve(message.done)
        else reject(new Error(message.error))
      }
      const ended = () => reject(new Error(`${file} ended.`))
      child.on('message', hear).once('exit', ended).once('error', reject)
      child.send(order)
      return promise.finally(() =>
        child.off('message', hear).off('exit', ended).off('error', reject),
      )
    },
    [Symbol.asyncDispose]: () => end(child),
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}
