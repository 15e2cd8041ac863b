// The one call that everybody is asked for: `get_expenses`, of a person with ten expenses.
import type { Subject } from './subject.ts'

type Call = Subject['call']

const COUNT = 10

/** A call without a handshake before it, as of a client of 2025-11-25. */
export function toolCall(url: string, name: string, args: object, token?: string): Call {
  return {
    url,
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2025-11-25',
      ...(token && { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name, arguments: args },
    }),
  }
}

/** The call of a person who has ten expenses from now on: it has been made once, and was right. */
export async function callOfTen(url: string, token?: string): Promise<Call> {
  for (let i = 0; i < COUNT; i++) {
    await answerOf(toolCall(url, 'add_user_expense', expense(i), token))
  }
  const call = toolCall(url, 'get_expenses', {}, token)
  await checkCall(call)
  return call
}

/** What of the answer says that all ten are there: it is looked for in every answer. */
export const PROOF = expense(0).description

/** Makes a call and reads the whole answer; throws where it does not list the ten. Gives its length. */
export async function checkCall(call: Call): Promise<number> {
  const text = await answerOf(call)
  const missing = Array.from({ length: COUNT }, (_, i) => expense(i).description).filter(
    (description) => !text.includes(description),
  )
  if (missing.length > 0)
    throw new Error(`${call.url}: the answer lacks ${missing}: ${begin(text)}`)
  return Buffer.byteLength(text)
}

function expense(i: number) {
  const description = `Lunch with customer number ${i + 1} of ${COUNT}`
  const date = `2026-10-${String(i + 1).padStart(2, '0')}`
  return { date, amount: 12.5 + i, category: 'food', description, payment_method: 'visa' }
}

/** An error of the tool, and one of the protocol, can come with 200. */
async function answerOf({ url, headers, body }: Call): Promise<string> {
  const response = await fetch(url, { method: 'POST', headers, body })
  const text = await response.text()
  const isError = /"isError": ?true|"error": ?\{/.test(text)
  if (!response.ok || isError) throw new Error(`${url}: ${response.status} ${begin(text)}`)
  return text
}

const begin = (text: string) => text.slice(0, 300)
