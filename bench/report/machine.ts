// On what it was measured, when, and what else went on there.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { arch, cpus, loadavg, release, totalmem, type } from 'node:os'
import { dirname, join } from 'node:path'
import { whyUnpinned } from '../kit/processors.ts'

const root = dirname(dirname(import.meta.dirname))

export type Machine = {
  readonly processor: string
  readonly processors: number
  /** In GB of 2^30 bytes. */
  readonly memory: number
  readonly system: string
  readonly node: string
  readonly entrance: string
  /** Of the source, with `-dirty` where it had been changed; where there is git. */
  readonly commit?: string
  /** When it began: an ISO date. */
  readonly date: string
  /** How many processes ran or waited to, over the minute before. */
  readonly load: number
  /** Why no program could be kept to a processor; absent where each was. */
  readonly unpinned?: string
}

/** More than what starts a run leaves behind. */
const BUSY = 0.7

export function describeMachine(): Machine {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const commit = findCommit()
  const unpinned = whyUnpinned()
  return {
    processor: cpus()[0]?.model.trim().replaceAll(/\s+/g, ' ') || 'unknown',
    processors: cpus().length,
    memory: Math.round((totalmem() / 2 ** 30) * 10) / 10,
    system: `${type()} ${release()} ${arch()}`,
    node: process.version,
    entrance: version,
    ...(commit && { commit }),
    date: new Date().toISOString(),
    load: Math.round((loadavg()[0] ?? 0) * 100) / 100,
    ...(unpinned && { unpinned }),
  }
}

/** The head of a report, a line each. */
export function machineLines(machine: Machine): string[] {
  const { entrance, commit, node, processor, processors, memory, system, date, load, unpinned } =
    machine
  return [
    `Entrance ${entrance}${commit ? ` (${commit})` : ''} on Node.js ${node}`,
    `${processor}, ${processors} ${processors === 1 ? 'processor' : 'processors'}, ${memory} GB; ${system}`,
    `${date.slice(0, 10)} ${date.slice(11, 16)} UTC; load average at the start ${load.toFixed(2)}`,
    ...(unpinned ? [`The system decided which processor ran what: ${unpinned}`] : []),
  ]
}

/** What a reader has to allow for; undefined on a machine that did nothing else. */
export function findBusyness({ load }: Machine): string | undefined {
  if (load <= BUSY) return undefined
  return (
    `Something else ran on this machine (load average ${load.toFixed(2)} at the start). ` +
    'Rates and latencies suffer from it, ratios and processor time less. Run it again on a quiet machine.'
  )
}

/** Not that of a repository around an unpacked one. */
function findCommit(): string | undefined {
  if (!existsSync(join(root, '.git'))) return undefined
  const args = ['describe', '--always', '--dirty', '--exclude=*', '--abbrev=10']
  const git = spawnSync('git', args, { cwd: root, encoding: 'utf8' })
  return git.status === 0 ? git.stdout.trim() : undefined
}
