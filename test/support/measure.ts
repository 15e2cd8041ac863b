import type { Frame, Page } from 'playwright-core'

// What of the DOM runs in the page; the types of browsers are no part of this project.
type Box = { readonly left: number; readonly right: number; readonly width: number }
type DomNode = { readonly nodeType: number; readonly textContent: string | null }
type DomElement = {
  readonly tagName: string
  readonly className: string
  readonly parentElement: DomElement | null
  readonly childNodes: Iterable<DomNode>
  readonly scrollWidth: number
  readonly clientWidth: number
  getBoundingClientRect(): Box
  checkVisibility(): boolean
}
declare const document: {
  readonly documentElement: DomElement
  querySelectorAll(selector: string): Iterable<DomElement>
  createElement(name: 'canvas'): { getContext(kind: '2d', options: object): Painter }
}
type Painter = {
  fillStyle: string
  clearRect(x: number, y: number, width: number, height: number): void
  fillRect(x: number, y: number, width: number, height: number): void
  getImageData(x: number, y: number, width: number, height: number): { data: Iterable<number> }
}
declare function getComputedStyle(element: DomElement): {
  readonly color: string
  readonly backgroundColor: string
}

export type Contrast = { readonly text: string; readonly ratio: number }

/** The contrast of each visible text with what is painted behind it (WCAG 2.2 §1.4.3). */
export async function measureContrasts(page: Page | Frame): Promise<Contrast[]> {
  const texts = await page.evaluate(() => {
    const isText = ({ nodeType, textContent }: DomNode) => nodeType === 3 && textContent?.trim()
    // Whatever notation a colour has, as `rgb(…)`; as it is where it lets through what is behind.
    const painter = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
    const painted = (colour: string): string => {
      painter.clearRect(0, 0, 1, 1)
      painter.fillStyle = colour
      painter.fillRect(0, 0, 1, 1)
      const [red, green, blue, alpha] = painter.getImageData(0, 0, 1, 1).data
      return alpha === 255 ? `rgb(${red}, ${green}, ${blue})` : colour
    }
    const groundOf = (element: DomElement | null): string => {
      if (!element) return 'none'
      const ground = painted(getComputedStyle(element).backgroundColor)
      return /^rgb\(/.test(ground) ? ground : groundOf(element.parentElement)
    }
    return [...document.querySelectorAll('body *')]
      .filter((element) => element.checkVisibility() && [...element.childNodes].some(isText))
      .map((element) => ({
        text: [...element.childNodes].map(({ textContent }) => textContent?.trim()).join(' '),
        colour: painted(getComputedStyle(element).color),
        ground: groundOf(element),
      }))
  })
  return texts.map(({ text, colour, ground }) => ({ text, ratio: contrast(colour, ground) }))
}

/** What reaches beyond the sides of the window, and whether the page scrolls sideways. */
export function findOverflow(page: Page | Frame): Promise<string[]> {
  return page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement
    const wide = [...document.querySelectorAll('body *')].filter((element) => {
      const { left, right, width } = element.getBoundingClientRect()
      const isCut = element.checkVisibility() && element.scrollWidth > element.clientWidth + 1
      const isInline = element.clientWidth === 0
      return width > 0 && (left < 0 || right > clientWidth || (isCut && !isInline))
    })
    const names = wide.map(({ tagName, className }) => `${tagName}.${className}`)
    return scrollWidth > clientWidth ? [`page ${scrollWidth} > ${clientWidth}`, ...names] : names
  })
}

/** The contrast of two colours (WCAG 2.2, "contrast ratio"). */
export function contrast(a: string, b: string): number {
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y)
  return (light + 0.05) / (dark + 0.05)
}

/** WCAG 2.2, "relative luminance", of `rgb(r, g, b)`. */
function luminance(colour: string): number {
  const parts = /^rgb\((\d+), (\d+), (\d+)\)$/.exec(colour)
  if (!parts) throw new Error(`Not an opaque colour: ${colour}`)
  const [red = 0, green = 0, blue = 0] = parts.slice(1).map((text) => {
    const part = Number(text) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
