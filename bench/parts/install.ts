// What an install brings: into a project that has the MCP SDK already, by npm, as people do it.
import { globSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../scripts/setup.js'
import type { Figure } from '../kit/figure.ts'
import { npm, pack } from '../kit/packed.ts'
import type { Measured, Part, Run } from '../kit/part.ts'
import type { TargetId } from '../kit/targets.ts'

const TARGETS = ['install-size', 'install-packages', 'install-scripts'] as const

/** What a project may have of the SDK; the targets are held against the first. */
const PROJECTS = [
  { id: 'server', with: ['@modelcontextprotocol/server'] },
  { id: 'both', with: ['@modelcontextprotocol/server', '@modelcontextprotocol/client'] },
] as const

export const install: Part = {
  name: 'install',
  title: 'What an install brings',
  isQuick: false,
  targets: TARGETS,
  measure: async (run) => measureInstall(run),
}

/** Installs the package as it is built into projects of its own. */
export function measureInstall(run: Run): Measured {
  const file = pack(run.folder)
  try {
    const added = PROJECTS.map((project) => addTo(project, file, run))
    return {
      conditions: CONDITIONS,
      figures: PROJECTS.flatMap((project, at) => figuresOf(project, added[at] as Installed)),
      ratios: [],
      targets: targetsOf(added[0] as Installed),
      absent: [],
    }
  } catch (error) {
    const why = `npm cannot install here${reasonOf(error)}.`
    return {
      conditions: CONDITIONS,
      figures: [],
      ratios: [],
      targets: TARGETS.map((id) => ({ id, samples: null, why })),
      absent: [{ subject: 'Entrance', why }],
    }
  }
}

const CONDITIONS = [
  'Counted once, after `npm install` of the packed package into a project that has the newest MCP SDK that Entrance is built with: nothing of it differs from time to time.',
  'An MB of an install is 1,000,000 bytes of files, not of blocks of a disk.',
  'No install script is run: how many there are is read from what npm wrote down.',
]

type Installed = {
  readonly bytes: number
  readonly packages: number
  readonly scripts: number
}

function addTo({ id, with: names }: (typeof PROJECTS)[number], file: string, run: Run): Installed {
  const folder = join(run.folder, `project-${id}`)
  mkdirSync(folder)
  writeFileSync(join(folder, 'package.json'), '{"private":true,"type":"module"}')
  const add = (what: readonly string[]) => {
    npm(['install', '--ignore-scripts', '--no-audit', '--no-fund', ...what], folder)
    return look(folder)
  }
  run.say(`installing beside ${names.join(' and ')}`)
  const before = add(names.map((name) => `${name}@${versionOf(name)}`))
  const after = add([file])
  return {
    bytes: after.bytes - before.bytes,
    packages: after.packages - before.packages,
    scripts: after.scripts - before.scripts,
  }
}

function versionOf(name: string): string {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  return lock.packages[`node_modules/${name}`].version
}

function look(folder: string): Installed {
  const modules = join(folder, 'node_modules')
  const lock = JSON.parse(readFileSync(join(modules, '.package-lock.json'), 'utf8'))
  const packages = Object.values<{ hasInstallScript?: boolean }>(lock.packages)
  const sizes = globSync('**/*', { cwd: modules })
    .map((name) => statSync(join(modules, name)))
    .map((found) => (found.isFile() ? found.size : 0))
  return {
    bytes: sizes.reduce((sum, size) => sum + size, 0),
    packages: packages.length,
    scripts: packages.filter(({ hasInstallScript }) => hasInstallScript).length,
  }
}

function figuresOf(
  { id, with: names }: (typeof PROJECTS)[number],
  { bytes, packages }: Installed,
): Figure[] {
  const what = `added by an install beside ${names.join(' and ')}`
  return [
    { id: `install/${id}/size`, what, subject: 'Entrance', unit: 'MB', samples: [bytes / 1e6] },
    {
      id: `install/${id}/packages`,
      what,
      subject: 'Entrance',
      unit: 'packages',
      samples: [packages],
    },
  ]
}

function targetsOf({ bytes, packages, scripts }: Installed) {
  const values = [bytes / 1e6, packages, scripts]
  return TARGETS.map((id: TargetId, at) => ({ id, samples: [values[at] as number] }))
}

/** By npm's own code, which names neither a host nor a path. */
function reasonOf(error: unknown): string {
  const said = String((error as { stderr?: string }).stderr ?? '')
  const [, code] = /^npm error code (\w+)/m.exec(said) ?? []
  if (code === undefined) throw error
  return `: it ends with ${code}`
}
