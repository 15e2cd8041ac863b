/** Attributes and text of an element: text is only ever text, never markup. */
export type Properties = {
  readonly text?: string
  readonly [attribute: string]: string | undefined
}

/** Makes an element with its attributes and children. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  { text, ...attributes }: Properties = {},
  ...children: readonly (Node | undefined)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) made.setAttribute(name, value)
  }
  if (text !== undefined) made.textContent = text
  made.append(...children.filter((child) => child !== undefined))
  return made
}

/** The element of the page's own markup with this id. */
export function byId<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id)
  if (found instanceof type) return found
  throw new TypeError(`The page has no ${type.name} called ${id}.`)
}

/** Sets how long a bar is, as a part of the longest. */
export function setShare(bar: HTMLElement, part: number, whole: number): void {
  bar.style.setProperty('--share', String(whole === 0 ? 0 : Math.min(1, part / whole)))
}
