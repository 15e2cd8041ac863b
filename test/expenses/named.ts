import { openExpenses, resolveExpenses } from '../../src/cli/expenses-settings.ts'
import type { ExpenseStore } from '../../src/expenses/server.ts'

/** Opens and connects what `EXPENSES_STORE` names. */
export async function openNamed(text: string): Promise<ExpenseStore> {
  const grants = { kind: 'sqlite', path: 'grants.db' } as const
  const settings = resolveExpenses(text, { store: grants, data: '.' }, [])
  const store = await openExpenses(settings)
  await store.connect()
  return store
}
