// Says one thing to the model of this process's variables, as the command does, and writes as JSON
// what became of it.
import { generateText } from 'ai'
import { resolveModel } from '../../../src/cli/chat/model.ts'
import { explainModelError } from '../../../src/cli/chat/model-errors.ts'
import { environment, loadDotEnv } from '../../../src/cli/env.ts'
import { useProxy } from '../../../src/cli/proxy.ts'

/** What it writes. */
export type Asked = {
  readonly text?: string
  readonly title?: string
  readonly warning?: string
  readonly message?: string
  readonly cure?: string
}

loadDotEnv()
useProxy(environment())
const outcome: Asked = await ask().catch((error: Error & { cure?: string }) => ({
  message: error.message,
  ...(error.cure !== undefined && { cure: error.cure }),
}))
process.stdout.write(JSON.stringify(outcome))

async function ask(): Promise<Asked> {
  const { signal } = new AbortController()
  const resolved = await resolveModel(environment(), { signal, note: () => {} })
  const { model, title, warning } = resolved
  try {
    const { text } = await generateText({ model, prompt: 'Hello', maxRetries: 0 })
    return { text, title, ...(warning !== undefined && { warning }) }
  } catch (error) {
    throw explainModelError(error, resolved)
  }
}
