import { relative } from 'node:path'
import type { Transform } from 'node:stream'
import { spec, type TestEvent } from 'node:test/reporters'

/**
 * Node's spec reporter with the summary at the very end, below what failed and what was skipped.
 * With `CI=true` a test that was skipped, or is only a todo, fails the run.
 */
// biome-ignore lint/style/noDefaultExport: node takes a reporter as the default export.
export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const body = new spec()
  const summary = new spec()
  const skipped: string[] = []
  for await (const event of events) {
    // What node says about the whole run belongs to no file.
    const isSummary = event.type === 'test:diagnostic' && event.data.file === undefined
    const part = isSummary ? summary : body
    part.write(event)
    if (event.type === 'test:pass') skipped.push(...toSkipped(event.data))
    if (part === body) yield readText(body)
  }
  yield* drain(body)
  if (skipped.length > 0) yield skippedSection(skipped)
  yield* drain(summary)
}

type TestPass = Extract<TestEvent, { type: 'test:pass' }>['data']

function toSkipped({ name, file, line, skip, todo }: TestPass): string[] {
  const reason = skip ?? todo
  if (reason === undefined || reason === false) return []
  const word = skip === undefined ? 'todo' : 'skipped'
  const why = typeof reason === 'string' && reason ? `: ${reason}` : ''
  return [`${word}: ${name} (${relative(process.cwd(), file ?? '')}:${line})${why}`]
}

function skippedSection(skipped: readonly string[]): string {
  const isFailure = process.env.CI === 'true'
  if (isFailure) process.exitCode = 1
  const title = isFailure ? '✖ skipped, which CI=true counts as failed:' : '﹣ skipped tests:'
  return `\n${title}\n${skipped.map((line) => `  ${line}\n`).join('')}\n`
}

function readText(stream: Transform): string {
  return String(stream.read() ?? '')
}

async function* drain(stream: Transform): AsyncGenerator<string> {
  stream.end()
  for await (const chunk of stream) yield String(chunk)
}
