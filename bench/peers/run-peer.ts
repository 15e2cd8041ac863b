import { SEED } from '../../src/emulator/emulator.ts'
import { createAsk } from '../flows/ask.ts'
import { discover, signIn } from '../flows/sign-in.ts'
import { type Program, type Running, start } from '../kit/process.ts'
import { MEASURED } from '../kit/processors.ts'
import { isAnswering } from '../subjects/programs.ts'
import type { Subject } from '../subjects/subject.ts'
import { callOfTen, checkCall, toolCall } from '../subjects/tool-call.ts'
import { allowRedirectUri } from './allow-redirect-uri.ts'
import { type Entra, PeerAbsent, type PeerRun } from './peer.ts'

export type PeerProgram = {
  readonly name: string
  /** The origin at which it answers, which it has to know beforehand. */
  readonly url: string
  readonly program: Omit<Program, 'cpu'>
  /** Where Entra sends people back to, below the origin. */
  readonly callbackPath: string
  /** Whether ten expenses are there already: of everybody, where nobody has any of their own. */
  readonly hasExpenses?: boolean
  readonly conditions: readonly string[]
}

/** Starts a peer's program, has a person sign in and record ten expenses. */
export async function runPeer(
  run: PeerRun,
  entra: Entra,
  { name, url, program, callbackPath, hasExpenses = false, conditions }: PeerProgram,
): Promise<Subject> {
  await allowRedirectUri(entra, `${url}${callbackPath}`)
  const running = await startOrSay(run, name, { ...program, cpu: MEASURED }, url)
  try {
    const ask = createAsk(1)
    const server = await discover(ask, url)
    const enter = (account = SEED.alice as string) => signIn(ask, server, account)
    const { access_token } = await enter()
    return {
      name,
      pid: running.pid,
      url,
      call: await (hasExpenses ? checkedCall : callOfTen)(`${url}/mcp`, access_token),
      signIn: enter,
      conditions,
      [Symbol.asyncDispose]: running.stop,
    }
  } catch (error) {
    run.say(`${name}: ${(error as Error).message}\n${running.output()}`)
    await running.stop()
    throw new PeerAbsent('It came up, but the first sign-in or tool call failed.')
  }
}

async function startOrSay(
  run: PeerRun,
  name: string,
  program: Program,
  url: string,
): Promise<Running> {
  try {
    return await start(program, isAnswering(url))
  } catch (error) {
    run.say(`${name}: ${(error as Error).message}`)
    throw new PeerAbsent('Its program does not come up here.')
  }
}

async function checkedCall(url: string, token: string): Promise<Subject['call']> {
  const call = toolCall(url, 'get_expenses', {}, token)
  await checkCall(call)
  return call
}
