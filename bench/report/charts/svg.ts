// Pictures that stand in a page as an image: no script, no font of their own, light and dark.
import { fold } from '../table.ts'

/** A picture, and what it shows in words. */
export type Chart = {
  /** Its file's name. */
  readonly name: string
  readonly title: string
  /** The same for who cannot see it. */
  readonly words: string
  readonly svg: string
}

/** Narrow enough to be read where a phone shows the page. */
export const WIDTH = 440
export const MARGIN = 16

const LINE = 20
/** Letters of a title that go into a line, in a wide font too. */
const TITLE_LETTERS = 44

type Attributes = Readonly<Record<string, string | number>>

/** An element; its children are made already. */
export function element(name: string, attributes: Attributes, ...children: string[]): string {
  const own = Object.entries(attributes).map(
    ([key, value]) => ` ${key}="${escapeXml(toText(value))}"`,
  )
  const head = `<${name}${own.join('')}`
  return children.length > 0 ? `${head}>${children.join('')}</${name}>` : `${head}/>`
}

/** Text at a place; `role` says how it looks. */
export function textAt(x: number, y: number, role: string, text: string, more: Attributes = {}) {
  return element('text', { x, y, class: role, ...more }, escapeXml(text))
}

/** Below its title: `draw` gives what is in it and how high that is, from where the title ends. */
export function toChart(
  name: string,
  title: string,
  words: string,
  draw: (top: number) => { readonly height: number; readonly body: readonly string[] },
): Chart {
  const lines = fold(title, TITLE_LETTERS)
  const top = MARGIN + lines.length * LINE
  const { height, body } = draw(top + 8)
  const full = top + 8 + height + MARGIN
  const svg = element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      width: WIDTH,
      height: full,
      viewBox: `0 0 ${WIDTH} ${full}`,
      role: 'img',
      'aria-labelledby': 'title words',
    },
    `\n${element('title', { id: 'title' }, escapeXml(title))}`,
    `\n${element('desc', { id: 'words' }, escapeXml(words))}`,
    `\n<style>${STYLE}</style>`,
    `\n${element('rect', { x: 0.5, y: 0.5, width: WIDTH - 1, height: full - 1, rx: 8, class: 'ground' })}`,
    ...lines.map((line, at) => `\n${textAt(MARGIN, MARGIN + 13 + at * LINE, 'title', line)}`),
    ...body.map((one) => `\n${one}`),
    '\n',
  )
  return { name, title, words, svg: `${svg}\n` }
}

/** A page that is dark has its own colours; the ground is painted, for a page may not say which it is. */
const STYLE = `
svg { --ground: #ffffff; --edge: #d5dae0; --text: #1d232a; --faint: #57606a; --other: #a9b2bc; --ours: #2563c9; }
@media (prefers-color-scheme: dark) {
  svg { --ground: #14181d; --edge: #343b44; --text: #e7ecf1; --faint: #9aa5b0; --other: #5c6771; --ours: #6ba4f8; }
}
text { font: 14px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: var(--text); paint-order: stroke; stroke: var(--ground); stroke-width: 3px; }
.title { font-size: 15px; font-weight: 600; }
.value { text-anchor: end; font-variant-numeric: tabular-nums; }
.us { font-weight: 600; }
.faint { fill: var(--faint); font-size: 12px; }
.ground { fill: var(--ground); stroke: var(--edge); }
.track, .grid { stroke: var(--edge); }
.bar, .dot { fill: var(--other); }
.ours { fill: var(--ours); }
.dot { stroke: var(--ground); stroke-width: 1.5; }
.whisker { stroke: var(--text); stroke-width: 1.5; fill: none; }
.link { stroke: var(--other); stroke-width: 2; }
.link.ours { stroke: var(--ours); }
`

function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

/** A tenth of a pixel is more than anybody sees. */
function toText(value: string | number): string {
  return typeof value === 'number' ? String(Math.round(value * 10) / 10) : value
}
