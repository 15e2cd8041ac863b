import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { stripVTControlCharacters } from 'node:util'

/** What the suite can judge. */
export type Direction = 'server' | 'client' | 'authorization'

const MAIN = join(
  import.meta.dirname,
  '../clients/node_modules/@modelcontextprotocol/conformance/dist/index.js',
)

/** Every scenario of a direction that the suite knows, with the revisions it is for. */
export function listScenarios(direction: Direction): ReadonlyMap<string, readonly string[]> {
  const { stdout, stderr } = spawnSync(process.execPath, [MAIN, 'list', `--${direction}`], {
    encoding: 'utf8',
  })
  const lines = [...stdout.matchAll(/^ {2}- (\S+) \[(\S+)\]$/gm)]
  if (lines.length === 0) throw new Error(`The suite lists nothing:\n${stdout}${stderr}`)
  return new Map(lines.map(([, name = '', revisions = '']) => [name, revisions.split(',')]))
}

/** The scenarios of a direction for one revision. */
export function scenariosOf(direction: Direction, revision: string): readonly string[] {
  return [...listScenarios(direction)]
    .filter(([, revisions]) => revisions.includes(revision))
    .map(([name]) => name)
}

/** How a run went, for a test to judge and for a person to read. */
export type Verdict = { readonly passed: boolean; readonly report: string }

export type RunOptions = {
  /** Sees each line while the suite runs. */
  onLine?: (line: string) => void
  /** Seconds until it is ended. @default 120 */
  timeout?: number
}

/** Runs the suite to its end. */
export async function runSuite(
  direction: Direction,
  args: readonly string[],
  { onLine = () => {}, timeout = 120 }: RunOptions = {},
): Promise<Verdict> {
  const child = spawn(process.execPath, ['--no-deprecation', MAIN, direction, ...args], {
    // Nothing of this process's own: a proxy, say, would stand between. Only what is compiled already.
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: timeout * 1000,
  })
  const closed = once(child, 'close')
  const lines: string[] = []
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on('line', (line) => {
      lines.push(line)
      onLine(line)
    })
  }
  const [code, signal] = await closed
  const end = signal ? `ended by ${signal}` : `exit code ${code}`
  return { passed: code === 0, report: `${toReport(lines)}\n(${end})` }
}

/** Without colours, and without the log of what went well. */
function toReport(lines: readonly string[]): string {
  return lines
    .map(stripVTControlCharacters)
    .filter((line) => line.trim() !== '' && !/\] (INFO|SUCCESS) /.test(line))
    .join('\n')
}
