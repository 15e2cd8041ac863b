import type { Stage } from './answer.ts'
import type { Outcome } from './outcome.ts'

/** What `--json` writes, once the answer is there or has failed. */
export type ChatRecord = {
  readonly server: string
  /** Null where there was none to ask. */
  readonly model: string | null
  /** The answer; what there is of it where it is not whole. */
  text: string
  readonly toolCalls: RecordedCall[]
  /** How often the model was asked. */
  steps: number
  /** Tokens, as far as the model's server counts them. */
  readonly usage: { inputTokens: number; outputTokens: number; totalTokens: number }
  /** Why the answer is not whole, where it is not. */
  error?: string
}

export type RecordedCall = {
  readonly name: string
  readonly arguments: unknown
  readonly outcome: Outcome['kind']
  /** What the tool gave: its data, else its words. */
  readonly result: unknown
}

export function createRecord(server: URL, model: string | null): ChatRecord {
  const usage = { inputTokens: 0, outputTokens: 0, totalTokens: 0 }
  return { server: server.href, model, text: '', toolCalls: [], steps: 0, usage }
}

/** A stage that writes down what the other shows. */
export function recording(record: ChatRecord, stage: Stage): Stage {
  let isStepOver = false
  return {
    ...stage,
    text: (more) => {
      record.text = isStepOver ? more : record.text + more
      isStepOver = false
      stage.text(more)
    },
    stepEnded: (step, isLast) => {
      record.text = step.text
      record.steps += 1
      for (const name of ['inputTokens', 'outputTokens', 'totalTokens'] as const) {
        record.usage[name] += step.usage[name] ?? 0
      }
      isStepOver = true
      stage.stepEnded(step, isLast)
    },
    cameOf: (call, outcome) => {
      const { kind, text: words, structured } = outcome
      const result = structured ?? words
      record.toolCalls.push({ name: call.name, arguments: call.args, outcome: kind, result })
      stage.cameOf(call, outcome)
    },
  }
}
