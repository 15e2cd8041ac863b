import { accessSync, constants, statfsSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { nearestExisting } from '../../../files/file-system.ts'
import type { ServeSettings } from '../../env.ts'
import type { Check, Outcome } from '../check.ts'
import { error, type Finding, ok, warning } from '../finding.ts'

const DOCS = 'storage.md'
const MIB = 1024 * 1024

/** What a server needs at least, and what is soon used up, in bytes. */
const ROOM = { least: 4 * MIB, soon: 100 * MIB }

const disk: Check = {
  id: 'data.disk',
  title: 'How much room there is for what the server keeps',
  faults: new Map([
    ['full', 'The disk is full: nobody can sign in, and no expense is taken.'],
    ['low', 'The disk is nearly full.'],
  ]),
  needs: ['config.server'],
  run: ({ settings }) => {
    const folders = new Set([settings.data, ...filesOf(settings).map(({ path }) => dirname(path))])
    const findings = [...folders].flatMap(judgeRoom)
    return findings.length > 0 ? { findings } : one(ok(disk.id, 'There is room on the disk.'))
  },
}

function judgeRoom(folder: string): Finding[] {
  const free = freeBytes(folder)
  if (free >= ROOM.soon) return []
  const details = {
    expected: `${ROOM.soon / MIB} MiB`,
    found: `${Math.floor(free / MIB)} MiB`,
    why: 'Without room nobody can sign in or stay signed in, and no expense is taken.',
    portal: ['Make room, or put the data folder on a larger disk with ENTRANCE_DATA.'],
    command: `df -h "${nearestExisting(folder)}"`,
    docs: DOCS,
  }
  return free < ROOM.least
    ? [error(disk.id, 'full', `The disk of ${folder} is full.`, details)]
    : [warning(disk.id, 'low', `The disk of ${folder} is nearly full.`, details)]
}

/** For users who are not root. */
function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(nearestExisting(folder))
  return bavail * bsize
}

const files: Check = {
  id: 'data.files',
  title: 'Who can read and write what the server keeps, its audit log included',
  faults: new Map([
    ['unwritable', 'This user cannot write a file that the server writes.'],
    ['readable', 'Others on this machine can read what the server keeps.'],
  ]),
  needs: ['config.server'],
  // A store that cannot be written is one fault.
  unless: ['data.store'],
  run: ({ settings }) => {
    const places = filesOf(settings)
    const findings = [...places.flatMap(findUnwritable), ...places.flatMap(findReadable)]
    if (findings.length > 0) return { findings }
    return one(ok(files.id, 'This user can write what the server keeps, and nobody else read it.'))
  },
}

/** A file that is there by now, or is to be made; its folder with it or not. */
type Place = { readonly path: string; readonly isMade: boolean }

function filesOf({ data, store, expenses, audit }: ServeSettings): Place[] {
  const made = [
    ...(store.kind === 'sqlite' ? [store.path] : []),
    ...(expenses.kind === 'sqlite' ? [expenses.path] : []),
    join(data, 'emulator.json'),
  ].filter((path) => path !== ':memory:')
  return [
    ...made.map((path) => ({ path, isMade: true })),
    ...(typeof audit.to === 'object' ? [{ path: audit.to.file, isMade: false }] : []),
  ]
}

function findUnwritable({ path, isMade }: Place): Finding[] {
  const isThere = statSync(path, { throwIfNoEntry: false }) !== undefined
  const folder = dirname(resolve(path))
  // The audit log's folder is nobody's to make.
  const place = isThere ? path : isMade ? nearestExisting(folder) : folder
  try {
    accessSync(place, constants.W_OK)
    return []
  } catch (cause) {
    return [
      error(files.id, 'unwritable', `${path} cannot be written.`, {
        found: (cause as NodeJS.ErrnoException).code ?? 'an error',
        why: 'The server does not start like this.',
        portal: [`Let the user that the server runs as write ${place}, or name another place.`],
        command: `ls -ld "${place}"`,
        docs: DOCS,
      }),
    ]
  }
}

function findReadable({ path }: Place): Finding[] {
  const status = statSync(path, { throwIfNoEntry: false })
  // Windows has other rights; a device is the machine's.
  if (!status?.isFile() || process.platform === 'win32' || (status.mode & 0o077) === 0) return []
  return [
    warning(files.id, 'readable', `Others on this machine can read ${path}.`, {
      expected: 'mode 600',
      found: `mode ${(status.mode & 0o777).toString(8)}`,
      why: 'It tells who signs in and what they spend. The next start takes the right away.',
      portal: ['Take the right to read it from everybody but its owner.'],
      command: `chmod 600 "${path}"`,
      docs: DOCS,
    }),
  ]
}

const operator: Check = {
  id: 'config.operator',
  title: 'The port of the operator: health, metrics and the API',
  faults: new Map([
    ['same-port', 'It is the port of the server too.'],
    ['unused', 'An address is named for it, and no port.'],
    ['exposed', 'It is open to other machines, and shows metrics to whoever asks.'],
  ]),
  needs: ['config.server'],
  run: ({ settings }, { env }) => {
    const { port, isLoopback } = settings.operator
    if (port === undefined) return one(env.ENTRANCE_OPERATOR_HOST ? unused() : none())
    if (port === settings.port && port !== 0) return one(samePort(port))
    if (!isLoopback) return one(exposed(port))
    return one(ok(operator.id, `Port ${port}, for this machine only.`))
  },
}

const OPERATOR = { docs: 'metrics.md' }

const none = () => ok(operator.id, 'There is no operator’s port: none is asked for.')

function unused(): Finding {
  const what =
    'ENTRANCE_OPERATOR_HOST is set, and ENTRANCE_OPERATOR_PORT is not: nothing is opened.'
  const portal = ['Set ENTRANCE_OPERATOR_PORT, such as 9464, or leave both out.']
  return warning(operator.id, 'unused', what, { ...OPERATOR, portal })
}

function samePort(port: number): Finding {
  return error(operator.id, 'same-port', `ENTRANCE_OPERATOR_PORT is ${port}, as PORT is.`, {
    ...OPERATOR,
    why: 'The server does not start like this.',
    portal: ['Choose another port for ENTRANCE_OPERATOR_PORT, such as 9464.'],
  })
}

function exposed(port: number): Finding {
  const what = `Other machines can reach the operator's port ${port}: /metrics and /readyz need no token.`
  return warning(operator.id, 'exposed', what, {
    ...OPERATOR,
    portal: [
      'Let a firewall or the network of the orchestrator keep strangers out; or leave ENTRANCE_OPERATOR_HOST out for this machine only.',
    ],
  })
}

/** What the server writes to, and where the operator asks it. */
export const fileChecks: readonly Check[] = [disk, files]
export const operatorCheck: Check = operator

function one(finding: Finding): Outcome {
  return { findings: [finding] }
}
