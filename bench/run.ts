// `npm run bench`: how fast Entrance is, beside what people would pick instead and the targets.
import { dirname, join } from 'node:path'
import { PARTS } from './kit/parts.ts'
import { FLOORS } from './report/floors.ts'
import { runBench } from './run/run-bench.ts'

const docs = join(dirname(import.meta.dirname), 'docs')
process.exit(await runBench(process.argv.slice(2), { parts: PARTS, floors: FLOORS, docs }))
