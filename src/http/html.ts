/** A piece of HTML whose every inserted value has been escaped. Only {@link html} makes one. */
export type Html = { readonly markup: string }

type Value = Html | string | number | undefined | false | readonly Html[]

/**
 * Writes HTML. A value is escaped for text and for double-quoted attributes, unless it is itself
 * the result of `html`; `undefined` and `false` write nothing, so that `cond && html…` works.
 */
export function html(strings: TemplateStringsArray, ...values: Value[]): Html {
  let markup = strings[0] ?? ''
  values.forEach((value, i) => {
    markup += render(value) + strings[i + 1]
  })
  return { markup }
}

function render(value: Value): string {
  if (value === undefined || value === false) return ''
  if (Array.isArray(value)) return value.map((part: Html) => part.markup).join('')
  if (typeof value === 'object') return (value as Html).markup
  return escapeHtml(String(value))
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&#39;'],
])

/** Escapes text for HTML content and quoted attribute values. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => ESCAPES.get(char) as string)
}
