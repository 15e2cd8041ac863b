import { type Html, html } from '../../http/html.ts'

/** A text of ours in which what is typed or clicked stands between back quotes. */
export function marked(text: string): Html[] {
  return text
    .split('`')
    .map((part, at) => (at % 2 === 1 ? html`<code>${part}</code>` : html`${part}`))
}
