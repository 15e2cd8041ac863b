import type { FinishReason, ModelMessage } from 'ai'
import { CommandError } from '../exit-codes.ts'
import type { Terminal } from '../terminal.ts'
import { fitHistory, type Turn } from './history.ts'
import { writeInstructions } from './instructions.ts'
import type { ChatModel } from './model.ts'
import { explainFinish, explainModelError } from './model-errors.ts'
import { fetchOffer, type Offer } from './offer.ts'
import { type CallStage, runCalls, skipCalls } from './run-calls.ts'
import type { ChatServer } from './server.ts'
import { type Step, takeStep } from './step.ts'
import { dayIn } from './today.ts'
import { toChatTools } from './tools.ts'

/** Where an answer is shown while it is made. */
export type Stage = CallStage & {
  text(text: string): void
  /** A request to the model is over; `isLast` where its text is the answer. */
  stepEnded(step: Step, isLast: boolean): void
  /** The answer is over, whole or not. */
  ended(): void
}

/** All that lasts for the length of a chat. */
export type Chat = {
  readonly model: ChatModel
  readonly server: ChatServer
  readonly now: () => Date
  readonly timeZone: string
  /** The conversation so far. */
  turns: readonly Turn[]
  /** The day on which it began. */
  began: string | undefined
  /** What the server had when it was last asked. */
  offer: Offer | undefined
}

/** Asks the server what it has now. */
export async function refreshOffer(chat: Chat, terminal: Terminal): Promise<Offer> {
  const { signal } = terminal
  const offer = await chat.server.use((client) => fetchOffer(client, signal), terminal)
  chat.offer = offer
  return offer
}

/** How often the model may be asked for one answer. */
export const MAX_STEPS = 20

/**
 * Answers what the person said: asks the model, runs the tools that it calls, and asks it again,
 * until it calls no more. What was done stays in the conversation, however the answer ends.
 */
export async function answer(
  chat: Chat,
  said: readonly ModelMessage[],
  stage: Stage,
  terminal: Terminal,
): Promise<void> {
  const { server, model } = chat
  const offer = await refreshOffer(chat, terminal)
  const tools = toChatTools(offer)
  const turn: ModelMessage[] = [...said]
  try {
    for (let steps = 1; steps <= MAX_STEPS; steps++) {
      const request = { ...toRequest(chat, offer, turn), tools, signal: terminal.signal }
      const step = await takeStep({ ...request, onText: stage.text }).catch((error: unknown) => {
        throw explainModelError(error, model)
      })
      if (step.message) turn.push(step.message)
      const cutOff = whyCutOff(step.finish, model)
      const isLast = step.calls.length === 0 || cutOff !== undefined
      stage.stepEnded(step, isLast)
      if (cutOff) {
        turn.push(...skipCalls(step.calls))
        throw new CommandError(cutOff)
      }
      if (isLast) return
      await runCalls(step.calls, { server, tools, turn, stage, terminal })
    }
    throw endless()
  } finally {
    stage.ended()
    keep(chat, turn, said.length)
  }
}

function toRequest(chat: Chat, offer: Offer, turn: Turn) {
  const { timeZone } = chat
  // Read anew each time: a chat may go on past midnight.
  const today = dayIn(timeZone, chat.now())
  chat.began ??= today
  return {
    model: chat.model.model,
    instructions: writeInstructions({ server: offer, today, timeZone, began: chat.began }),
    messages: fitHistory([...chat.turns, turn]).flat(),
  }
}

/**
 * Why an answer is not whole; undefined: it is. What the model called in one that is not is left
 * alone: it may have been about to say more.
 */
function whyCutOff(finish: FinishReason, model: ChatModel): string | undefined {
  const isUsual = finish === 'stop' || finish === 'tool-calls'
  return isUsual
    ? undefined
    : (explainFinish(finish, model) ??
        `${model.title} ended its answer without saying that it is whole.`)
}

function endless(): CommandError {
  return new CommandError(`The model did not come to an end in ${MAX_STEPS} steps.`, {
    cure: 'What it has done so far stays done. Ask for less at once, or take another model.',
  })
}

/** The turn joins the conversation, unless nothing came of it: then it can be said again. */
function keep(chat: Chat, turn: Turn, said: number): void {
  if (turn.length === said) return
  const isWhole = turn.at(-1)?.role === 'assistant'
  const end: ModelMessage = { role: 'assistant', content: '(This answer was not finished.)' }
  chat.turns = fitHistory([...chat.turns, isWhole ? turn : [...turn, end]])
}
