// What the gate in front of the MCP endpoint takes of the processor.
import { once } from 'node:events'
import { join } from 'node:path'
import { nodeBinary, root } from '../../scripts/setup.js'
import { badTokens } from '../gate/requests.ts'
import { type Figure, median, type Ratio, ratios } from '../kit/figure.ts'
import type { Part, Run } from '../kit/part.ts'
import { start } from '../kit/process.ts'
import { MEASURED } from '../kit/processors.ts'

type Samples = Readonly<Record<string, readonly number[]>>

/** What is measured of good tokens, in words. */
const GOOD: Readonly<Record<string, string>> = {
  seen: 'CPU that the gate adds to a request, with a token seen before',
  'seen, no rules and no metrics': 'the same, where nothing is revoked and nothing counted',
  'seen, answered with events': 'the same, where the answer is a stream of one event',
  new: 'CPU that the gate adds to a request, with a new token',
  signature: 'of that, the check of the signature alone (ES256)',
}

const CONDITIONS = [
  'In one process, without HTTP: `protect` around a handler that answers a small JSON document, less the same handler alone, in turns of 250 requests; each request is made as it comes.',
  '1000 rules of revocation are in force and metrics are counted, unless it says otherwise; no audit log.',
  'CPU is that of the whole process, collecting garbage included; what comes first, until all is compiled, does not count.',
]

export const gate: Part = {
  name: 'gate',
  title: 'What the gate takes of the processor',
  isQuick: true,
  targets: ['gate-seen', 'gate-new', 'gate-bad'],
  async measure(run) {
    const samples = await measureApart(run)
    const kinds = badTokens(0)
    const good = Object.entries(GOOD).map(([name, what]) => toFigure(name, what, samples))
    const bad = kinds.map(({ name, maker }) =>
      toFigure(name, `CPU that it takes to refuse a bad token: ${name} (by a ${maker})`, samples),
    )
    const strangers = kinds.filter(({ maker }) => maker === 'stranger').map(({ name }) => name)
    const worst = costliest(strangers, samples)
    return {
      conditions: [
        ...CONDITIONS,
        `Of the bad tokens that a stranger can make, the target is held against the one that costs most: ${worst}. Who holds a genuine one can have a signature checked with each request, as a new token does; each of their calls of a tool takes more.`,
      ],
      figures: [...good, ...bad],
      ratios: besideSignature(worst, samples),
      targets: [
        { id: 'gate-seen', samples: of('seen', samples) },
        { id: 'gate-new', samples: of('new', samples) },
        { id: 'gate-bad', samples: of(worst, samples) },
      ],
      absent: [],
    }
  },
}

/** In a process of its own: nothing else is compiled there, or leaves anything to collect. */
async function measureApart({ isQuick, rounds }: Run): Promise<Samples> {
  const file = join(root, 'bench', 'gate', 'measure.ts')
  const args = [file, String(rounds), isQuick ? '1000' : '2000']
  await using child = await start({ command: nodeBinary(), args, cpu: MEASURED }, async () => true)
  if (child.child.exitCode === null) await once(child.child, 'exit')
  const line = child
    .output()
    .split('\n')
    .find((text) => text.startsWith('{'))
  if (line === undefined) throw new Error(`bench/gate/measure.ts ended early:\n${child.output()}`)
  return JSON.parse(line) as Samples
}

function toFigure(name: string, what: string, samples: Samples): Figure {
  const id = `gate/${name.toLowerCase().replace(/\W+/g, '-')}`
  return { id, what, subject: 'Entrance', unit: 'µs', samples: of(name, samples) }
}

/**
 * How many times what the gate takes goes into the check of a signature, which nothing of ours makes slower:
 * on another machine both are others, and this is about the same.
 */
function besideSignature(worst: string, samples: Samples): Ratio[] {
  const words = { seen: 'letting in a token seen before', new: 'letting in a new token' }
  const all = { ...words, [worst]: 'refusing the bad token that costs most' }
  return Object.entries(all).map(([name, what]) => ({
    id: `gate/${name === worst ? 'bad' : name}/beside-signature`,
    what: `the check of a signature beside ${what}, CPU`,
    unit: '%',
    samples: ratios(of('signature', samples), of(name, samples), 100),
  }))
}

function costliest(names: readonly string[], samples: Samples): string {
  const [first] = names.toSorted((a, b) => median(of(b, samples)) - median(of(a, samples)))
  return first as string
}

function of(name: string, samples: Samples): readonly number[] {
  const known = samples[name]
  if (known === undefined) throw new Error(`bench/gate/measure.ts says nothing of '${name}'.`)
  return known
}
