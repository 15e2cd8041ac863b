// Load from a process of its own, so that nothing else runs in the one that is timed.
import { type ChildProcess, spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { nodeBinary } from '../../scripts/setup.js'
import { canPin, cpuSeconds } from '../kit/process.ts'
import type { Order, Outcome, Report } from './order.ts'

const GENERATOR = join(import.meta.dirname, 'generator.ts')

/** Beside what is measured, which has 0. */
const CPU = 1

export type Load = Order & {
  /** The process whose use of the processor is asked for, with all below it. */
  readonly server?: number | undefined
}

export type Loaded = Outcome & {
  /** What `server` used of the processor for each answer, in µs; NaN where it was not asked for or cannot be told. */
  readonly serverCpu: number
}

/**
 * Applies load and tells what came of it. Throws at the first answer that is not 2xx (but with
 * `mayRefuse`), lacks what it should contain, or does not come.
 */
export async function applyLoad({ server, ...order }: Load): Promise<Loaded> {
  const generator = startGenerator()
  const used = () => (server === undefined ? Number.NaN : cpuSeconds(server))
  let before = Number.NaN
  try {
    const outcome = await new Promise<Outcome>((resolve, reject) => {
      const fail = (why: string) => reject(new Error(`${order.url}: ${why}`))
      generator.on('message', (report: Report) => {
        if (report.kind === 'began') before = used()
        else if (report.kind === 'ended') resolve(report.outcome)
        else fail(report.message)
      })
      generator.once('error', (error) => fail(error.message))
      generator.once('exit', (code, signal) => fail(`the generator ended (${code ?? signal})`))
      generator.send(order)
    })
    return { ...outcome, serverCpu: ((used() - before) * 1e6) / outcome.count }
  } finally {
    generator.kill('SIGKILL')
  }
}

function startGenerator(): ChildProcess {
  const pin = canPin() ? ['taskset', '-c', String(CPU % availableParallelism())] : []
  const [command = '', ...args] = [...pin, nodeBinary(), GENERATOR]
  return spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
}
