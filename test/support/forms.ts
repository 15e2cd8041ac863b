/** A form of a page, filled in as the page came. */
export type Form = {
  readonly action: URL
  readonly method: 'GET' | 'POST'
  /** What is sent besides the button that is pressed. */
  readonly fields: readonly Field[]
  readonly buttons: readonly Button[]
}

export type Field = readonly [name: string, value: string]

/** A submit button; its name and value are sent when it is the one that is pressed. */
export type Button = {
  /** The text on it, white space collapsed. */
  readonly label: string
  readonly name: string | undefined
  readonly value: string
}

/**
 * Reads the forms of a page whose HTML is well formed and whose attributes are quoted, as all
 * pages of this project are. It is no parser for pages found elsewhere.
 */
export function parseForms(html: string, base: URL): Form[] {
  return [...html.matchAll(/<form\b([^>]*)>(.*?)<\/form>/gs)].map(([, head = '', body = '']) => {
    const { action = '', method = 'get' } = parseAttributes(head)
    return {
      action: new URL(action || base.href, base),
      method: method.toUpperCase() === 'POST' ? 'POST' : 'GET',
      fields: [...parseInputs(body), ...parseSelects(body), ...parseTextareas(body)],
      buttons: [...parseButtons(body), ...parseSubmitInputs(body)],
    }
  })
}

/** What a person reads, or hears read, of a piece of HTML: white space collapsed. */
export function textOf(html: string): string {
  const readable = html
    .replace(/<(style|script|title)\b.*?<\/\1>/gs, ' ')
    .replace(/<(\w+)\b[^>]*aria-hidden="true"[^>]*>.*?<\/\1>/gs, ' ')
  return decodeEntities(readable.replace(/<[^>]*>/g, ' '))
    .replace(/\s+/g, ' ')
    .trim()
}

function parseInputs(body: string): Field[] {
  return tags(body, 'input').flatMap(({ type = 'text', name, value, checked, disabled }) => {
    if (!name || disabled !== undefined || /^(submit|button|image|reset|file)$/.test(type))
      return []
    const isChoice = type === 'radio' || type === 'checkbox'
    if (isChoice && checked === undefined) return []
    return [[name, value ?? (isChoice ? 'on' : '')] as const]
  })
}

function parseSelects(body: string): Field[] {
  return [...body.matchAll(/<select\b([^>]*)>(.*?)<\/select>/gs)].flatMap(([, head, options]) => {
    const { name } = parseAttributes(head ?? '')
    const all = tags(options ?? '', 'option')
    const chosen = all.find(({ selected }) => selected !== undefined) ?? all[0]
    return name && chosen ? [[name, chosen.value ?? ''] as const] : []
  })
}

function parseTextareas(body: string): Field[] {
  return [...body.matchAll(/<textarea\b([^>]*)>(.*?)<\/textarea>/gs)].flatMap(([, head, text]) => {
    const { name } = parseAttributes(head ?? '')
    return name ? [[name, decodeEntities(text ?? '')] as const] : []
  })
}

function parseButtons(body: string): Button[] {
  return [...body.matchAll(/<button\b([^>]*)>(.*?)<\/button>/gs)].flatMap(([, head, text]) => {
    const { type = 'submit', name, value = '', disabled } = parseAttributes(head ?? '')
    if (type !== 'submit' || disabled !== undefined) return []
    return [{ label: textOf(text ?? ''), name, value }]
  })
}

function parseSubmitInputs(body: string): Button[] {
  return tags(body, 'input')
    .filter(({ type, disabled }) => type === 'submit' && disabled === undefined)
    .map(({ name, value = '' }) => ({ label: value, name, value }))
}

type Attributes = Readonly<Record<string, string | undefined>>

function tags(html: string, name: string): Attributes[] {
  const found = html.matchAll(new RegExp(`<${name}\\b((?:"[^"]*"|[^">])*)>`, 'g'))
  return [...found].map(([, head]) => parseAttributes(head ?? ''))
}

function parseAttributes(head: string): Attributes {
  const pairs = [...head.matchAll(/([\w-]+)(?:="([^"]*)")?/g)]
  return Object.fromEntries(pairs.map(([, name, value]) => [name, decodeEntities(value ?? '')]))
}

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
  ['nbsp', ' '],
])

function decodeEntities(text: string): string {
  return text.replace(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (whole, decimal, hex, name) => {
    if (name) return ENTITIES.get(name) ?? whole
    return String.fromCodePoint(decimal ? Number(decimal) : Number.parseInt(hex, 16))
  })
}
