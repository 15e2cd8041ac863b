import {
  applyDocumentTheme,
  applyHostStyleVariables,
  type McpUiHostContext,
} from '@modelcontextprotocol/ext-apps'
import { type Colour, contrast } from './colours.ts'

/** Makes the page look as the host says: theme, colours and font, size, safe area. */
export function followHost(context: McpUiHostContext): void {
  const { theme, styles, displayMode, safeAreaInsets } = context
  if (theme) applyDocumentTheme(theme)
  // `css.fonts` is left alone: it fetches, and this page asks nothing of the network.
  if (styles?.variables) applyHostStyleVariables(styles.variables)
  const root = document.documentElement
  root.dataset.mode = displayMode ?? 'inline'
  for (const side of ['top', 'right', 'bottom', 'left'] as const) {
    const inset = safeAreaInsets?.[side] ?? 0
    root.style.setProperty(`--inset-${side}`, `${Math.max(0, inset)}px`)
  }
  fitInto(root, context.containerDimensions)
  wearHostColours(root)
}

/** A fixed side is filled, a bounded one not exceeded: beyond it the page scrolls. */
function fitInto(root: HTMLElement, size: McpUiHostContext['containerDimensions'] = {}): void {
  const fixed = 'height' in size && size.height !== undefined
  root.dataset.height = fixed ? 'fixed' : 'free'
  const most = (key: 'maxHeight' | 'maxWidth') => {
    const value = (size as Partial<Record<typeof key, number>>)[key]
    return value === undefined ? '' : `${value}px`
  }
  root.style.maxHeight = most('maxHeight')
  root.style.maxWidth = most('maxWidth')
}

// WCAG 2.2: 1.4.3 for text, 1.4.11 for what a bar is known by.
const TEXT_CONTRAST = 4.5
const SHAPE_CONTRAST = 3

/**
 * Takes the host's colours where the page stays legible in them: a host may give a ground without
 * its text, or for the other theme.
 */
function wearHostColours(root: HTMLElement): void {
  root.dataset.colours = 'host'
  const ground = colourOf('--ground')
  const isLegible = (name: string, least: number) => {
    const colour = colourOf(name)
    return ground && colour && contrast(ground, colour) >= least
  }
  const isGood =
    isLegible('--text', TEXT_CONTRAST) &&
    isLegible('--faint', TEXT_CONTRAST) &&
    isLegible('--accent', SHAPE_CONTRAST)
  if (!isGood) root.dataset.colours = 'own'
}

/** What a colour of the style sheet comes to, painted; undefined where it is not opaque. */
function colourOf(name: string): Colour | undefined {
  const probe = document.createElement('i')
  probe.style.color = `var(${name})`
  document.body.append(probe)
  const painter = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
  if (painter) painter.fillStyle = getComputedStyle(probe).color
  probe.remove()
  painter?.fillRect(0, 0, 1, 1)
  const [red = 0, green = 0, blue = 0, alpha = 0] = painter?.getImageData(0, 0, 1, 1).data ?? []
  return alpha === 255 ? [red, green, blue] : undefined
}
