// Which processors there are, and what keeps a program to one of them.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** The processor of what is measured, and that of all else: by their order among those that may be used. */
export const MEASURED = 0
export const BESIDE = 1

/** What goes before a command to keep it to the nth processor; nothing where that cannot be done. */
export function pinTo(nth: number): readonly string[] {
  const { processors, why } = look()
  return why ? [] : ['taskset', '-c', String(processors[nth % processors.length])]
}

/** Why no program can be kept to a processor here; undefined where it can. */
export function whyUnpinned(): string | undefined {
  return look().why
}

/** The processors that /proc/PID/status says a process may use: a container has but some, from any number on. */
export function allowedProcessors(status: string): number[] {
  const [, list = ''] = /^Cpus_allowed_list:\s+(\S+)/m.exec(status) ?? []
  return [...list.matchAll(/(\d+)(?:-(\d+))?/g)].flatMap(([, first, last = first]) =>
    Array.from({ length: Number(last) - Number(first) + 1 }, (_, i) => Number(first) + i),
  )
}

type Found = { readonly processors: readonly number[]; readonly why: string | undefined }

let found: Found | undefined

/** Once: nobody moves a run from some processors to others. */
function look(): Found {
  found ??= find()
  return found
}

function find(): Found {
  if (process.platform !== 'linux') return { processors: [], why: 'that is done on Linux only' }
  const processors = allowedProcessors(readFileSync('/proc/self/status', 'utf8'))
  return { processors, why: findHindrance(processors) }
}

function findHindrance(processors: readonly number[]): string | undefined {
  if (processors.length < 2) return 'there is one processor to be used'
  const { error, status } = spawnSync('taskset', ['-c', String(processors[0]), 'true'])
  if (error) return 'there is no taskset, which util-linux brings'
  return status === 0 ? undefined : 'taskset may not do it'
}
