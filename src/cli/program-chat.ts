import type { Command } from 'commander'
import type { ChatOptions, ChatTerminal } from './commands/chat.ts'
import { environment } from './env.ts'
import { EXIT } from './exit-codes.ts'
import { createTerminal } from './terminal.ts'

/** `entrance chat` and what it says of itself. */
export function addChat(program: Command): void {
  program
    .command('chat [url]')
    .description('Talk with a model that uses an MCP server’s tools in your name.')
    .option('--once <question>', 'Answer one question and end; - reads it from stdin.')
    .option('--json', 'Write the answer, the tool calls and what was used as one JSON object.')
    .option('--yes', 'Do what changes or deletes something without asking.')
    .option('--model <name>', 'Provider and model, such as ollama/qwen3 (ENTRANCE_MODEL).')
    .option('--no-browser', 'Only print the address to sign in at.')
    .addHelpText('after', HELP)
    .action(async (url: string | undefined, options: ChatOptions) => {
      const { runChat } = await import('./commands/chat.ts')
      await runChat(url, options, createChatTerminal())
    })
}

const HELP = `
Without a URL, it is that of ENTRANCE_URL, else http://localhost:8000/mcp. You sign in as with
entrance client login. Which model answers is said by variables: see docs/chat.md.

  $ entrance chat http://localhost:8000/mcp
  $ entrance chat --once "Log expense for 75 dollars of office supplies on my visa last Friday"
  $ entrance chat --once "What did I spend on food this month?" --json`

/** Ctrl-C ends what is interruptible, else the chat; where neither helps, the process. */
function createChatTerminal(): ChatTerminal {
  const life = new AbortController()
  let present: AbortController | undefined
  process.on('SIGINT', () => {
    if (present && !present.signal.aborted) return present.abort()
    if (life.signal.aborted) process.exit(EXIT.interrupted)
    life.abort()
  })
  process.once('SIGTERM', () => life.abort())
  return {
    ...createTerminal(environment(), life.signal),
    interruptible: async (work) => {
      present = new AbortController()
      try {
        return await work(AbortSignal.any([life.signal, present.signal]))
      } finally {
        present = undefined
      }
    },
  }
}
