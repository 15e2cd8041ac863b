import { sqliteExpenseStore } from '../../src/expenses/server.ts'
import { listen } from './support.ts'

// The process that test/expenses/crash.test.ts kills.
const { url } = await listen({ expenses: sqliteExpenseStore(process.argv[2] as string) })
process.send?.(url)
