import { openNamed } from './named.ts'
import { listen } from './support.ts'

// The process that test/expenses/crash.test.ts kills.
const { url } = await listen({ expenses: await openNamed(process.argv[2] as string) })
process.send?.(url)
