import { callTool } from '../support/application.ts'
import type { OAuthClient } from '../support/oauth-client.ts'

type Expense = { readonly id: string; readonly description: string }

/** Adds an expense for whom the token stands for; gives its id. */
export async function addExpense(
  client: OAuthClient,
  token: string,
  description = 'office supplies',
): Promise<string> {
  const args = { date: '2026-10-02', amount: 75, category: 'shopping', payment_method: 'visa' }
  const given = { ...args, description }
  return (await callTool<Expense>(client, token, 'add_user_expense', given)).id
}

/** The expenses of whom the token stands for, the last first. */
export async function getExpenses(client: OAuthClient, token: string): Promise<readonly Expense[]> {
  type Listed = { expenses: readonly Expense[] }
  return (await callTool<Listed>(client, token, 'get_expenses')).expenses
}
