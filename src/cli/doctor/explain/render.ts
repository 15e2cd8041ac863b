import { BLANKS, findBlanks } from '../../../aadsts/cures.ts'
import { printable } from '../../terminal.ts'
import { type Layout, wrap } from '../report.ts'
import type { Explanation } from './explain.ts'

const INDENT = '  '

/** An explanation as lines for a person. */
export function renderExplanation(explanation: Explanation, layout: Layout): string[] {
  const { subject, title, causes, cures, checks = [], link, ids } = explanation
  return [
    layout.format('bold', printable(subject)),
    ...wrap(`${title}.`.replace(/\.\.$/, '.'), layout, INDENT),
    ...(explanation.token ? [] : causes.flatMap((cause) => item(`because: ${cause}`, layout))),
    ...renderComparisons(explanation, layout),
    ...(explanation.token ?? []).flatMap(({ claim, value, says, isFault }) =>
      item(`${isFault ? '!' : ' '} ${claim.padEnd(9)} ${value ? `${value}: ` : ''}${says}`, layout),
    ),
    ...(explanation.log ?? []).flatMap(({ count, event, code, last, message }) =>
      item(`${count} × ${event}${code ? ` AADSTS${code}` : ''}, last ${last}: ${message}`, layout),
    ),
    ...cures.flatMap(({ summary, portal, az }) => [
      ...wrap(`→ ${summary}`, layout, INDENT, `${INDENT}  `),
      ...(portal ? wrap(portal, layout, `${INDENT}  `) : []),
      ...(az ? [`${INDENT}  $ ${printable(az)}`] : []),
    ]),
    ...renderBlanks(cures, layout),
    ...(checks.length > 0 ? item(`doctor looks at it: ${checks.join(', ')}`, layout) : []),
    ...(link ? [`${INDENT}${link}`] : []),
    ...renderIds(ids, link !== undefined, layout),
    '',
  ]
}

/** Where nothing is configured, the commands have blanks, which a shell would take for nothing. */
function renderBlanks(cures: Explanation['cures'], layout: Layout): string[] {
  const blanks = findBlanks(cures.map(({ az = '' }) => az).join('\n'))
  const meanings = blanks.map((blank) => `${blank} is ${BLANKS.get(blank)}`)
  return meanings.length > 0 ? item(`${meanings.join(', ')}.`, layout) : []
}

function renderComparisons({ comparisons = [] }: Explanation, layout: Layout): string[] {
  return comparisons.flatMap(({ what, seen, configured, difference }) => {
    if (configured === undefined) return item(`${what}: ${seen}`, layout)
    if (difference === undefined) return item(`${what}: ${seen}, as it is configured`, layout)
    return [
      ...item(`${what}: ${difference}`, layout),
      ...wrap(`Entra saw   ${seen}`, layout, `${INDENT}  `),
      ...wrap(`configured  ${configured}`, layout, `${INDENT}  `),
    ]
  })
}

function renderIds(ids: Explanation['ids'], isEntra: boolean, layout: Layout): string[] {
  if (!isEntra) return []
  const { traceId, correlationId, timestamp } = ids ?? {}
  const known = [
    traceId && `Trace ID ${traceId}`,
    correlationId && `Correlation ID ${correlationId}`,
    timestamp && `Timestamp ${timestamp}`,
  ].filter(Boolean)
  const where =
    'Entra admin centre > Monitoring & health > Sign-in logs, filtered by the Correlation ID, has the rest.'
  const support = known.length > 0 ? item(`For support: ${known.join(', ')}`, layout) : []
  return [...support, ...item(where, layout)]
}

function item(text: string, layout: Layout): string[] {
  return wrap(text, layout, INDENT, `${INDENT}  `)
}
