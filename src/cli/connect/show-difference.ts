import { diff } from 'node:util'
import { printable, type Terminal } from '../terminal.ts'

/** How many lines that stay are shown around those that change. */
const CONTEXT = 2

/** The lines that a change adds and takes away, with what is around them. */
export function showDifference(before: string, after: string, format: Terminal['format']): string {
  const lines = diff(linesOf(before), linesOf(after))
  const isNear = lines.map((_, i) =>
    lines.slice(Math.max(0, i - CONTEXT), i + CONTEXT + 1).some(([change]) => change !== 0),
  )
  const shown = lines.flatMap(([change, line], i) => {
    if (!isNear[i]) return isNear[i - 1] ? [format('dim', '  …')] : []
    const text = printable(String(line))
    if (change === 0) return [`  ${text}`]
    // What is only in the second text comes as -1.
    return [change < 0 ? format('green', `+ ${text}`) : format('red', `- ${text}`)]
  })
  return shown.join('\n')
}

function linesOf(text: string): string[] {
  return text === '' ? [] : text.replace(/\r?\n$/, '').split(/\r?\n/)
}
