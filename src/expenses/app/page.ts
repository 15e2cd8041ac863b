import type { McpUiHostContext } from '@modelcontextprotocol/ext-apps'
import { type Answer, type Outcome, readAnswer, UNREADABLE } from './answer.ts'
import { type Controls, findControls } from './controls.ts'
import { byId, element } from './dom.ts'
import { type Format, formatOf } from './format.ts'
import { followHost } from './host-context.ts'
import { type Period, readPeriod, todayIn } from './periods.ts'
import { type Look, messageView, summaryView } from './view.ts'
import { filtersOf } from './words.ts'

type Arguments = Readonly<Record<string, unknown>>
type Mode = NonNullable<McpUiHostContext['displayMode']>

/** What the page asks of the host. */
export type Host = {
  summarize(args: Arguments): Promise<Answer>
  /** Answers the mode that came of it. */
  setMode(mode: Mode): Promise<Mode>
}

type State = {
  readonly host: Host
  readonly controls: Controls
  context: McpUiHostContext
  format: Format
  mayAsk: boolean
  /** Of the call whose answer is shown, or waited for. */
  args: Arguments
  /** The period that the conversation asked for. */
  asked: Period
  look: Look
  outcome: Outcome
  /** Counts calls: only the answer to the last one is shown. */
  calls: number
  isLoading: boolean
}

/** What the host tells the page. */
export type Page = ReturnType<typeof startPage>

/** Brings the page to life: it waits for the figures. */
export function startPage(host: Host) {
  const state = newState(host)
  listen(state)
  paintContent(state)
  return {
    open(context: McpUiHostContext, mayAsk: boolean) {
      state.mayAsk = mayAsk
      follow(state, context)
    },
    follow: (context: McpUiHostContext) => follow(state, context),
    expect(args: Arguments | undefined) {
      // Later ones are echoes of what the page itself asked for.
      if (state.outcome.kind !== 'waiting' || state.calls > 0) return
      state.args = args ?? {}
      state.asked = readPeriod(args)
      paint(state)
    },
    show: (answer: Answer) => settle(state, readAnswer(answer)),
    fail: (title: string, text: string) => settle(state, { kind: 'problem', title, text }),
    /** Something came that could not be read: perhaps what is waited for. */
    distrust() {
      if (state.outcome.kind === 'waiting') settle(state, UNREADABLE)
    },
    stop() {
      state.calls += 1
      state.mayAsk = false
    },
  }
}

function newState(host: Host): State {
  return {
    host,
    controls: findControls(),
    context: {},
    format: formatOf(navigator.language),
    mayAsk: false,
    args: {},
    asked: {},
    look: 'chart',
    outcome: { kind: 'waiting' },
    calls: 0,
    isLoading: true,
  }
}

function listen(state: State): void {
  const { controls, host } = state
  controls.onPeriod(({ period }) => void ask(state, period))
  controls.onLook((look) => {
    state.look = look
    paintContent(state)
  })
  controls.onMode(async () => {
    const wanted = state.context.displayMode === 'fullscreen' ? 'inline' : 'fullscreen'
    // A host that refuses leaves things as they are.
    const displayMode = await host.setMode(wanted).catch(() => undefined)
    if (displayMode) follow(state, { ...state.context, displayMode })
  })
}

function follow(state: State, context: McpUiHostContext): void {
  const format = formatOf(context.locale ?? navigator.language)
  const isRewritten = format.locale !== state.format.locale
  state.context = context
  state.format = format
  followHost(context)
  const isFull = context.displayMode === 'fullscreen'
  const canChange = context.availableDisplayModes?.includes(isFull ? 'inline' : 'fullscreen')
  state.controls.offerMode(canChange ? (isFull ? 'Exit full screen' : 'Full screen') : undefined)
  paintHead(state)
  // Not for a new theme or size: it would take the focus away.
  if (isRewritten) paintContent(state)
}

/** Asks for another period, with the filters of the call before. */
async function ask(state: State, period: Period): Promise<void> {
  const { from: _, to: __, ...filters } = state.args
  state.args = { ...filters, ...period }
  state.calls += 1
  const call = state.calls
  state.isLoading = true
  paintHead(state)
  announce('Loading…')
  const outcome = await state.host.summarize(state.args).then(readAnswer, (error: unknown) => ({
    kind: 'problem' as const,
    title: 'The figures did not come',
    text: error instanceof Error ? error.message : '',
  }))
  if (call === state.calls) settle(state, outcome)
}

function settle(state: State, outcome: Outcome): void {
  state.outcome = outcome
  state.isLoading = false
  if (outcome.kind === 'summary') {
    // What it is of, it knows better than the arguments, which a host may leave out.
    const { from: _, to: __, ...filters } = state.args
    const period = readPeriod(outcome.summary)
    state.args = { ...filters, ...period }
    if (state.calls === 0) state.asked = period
  }
  paint(state)
  announce(spoken(state))
}

function paint(state: State): void {
  paintHead(state)
  paintContent(state)
}

function paintHead(state: State): void {
  const { controls, mayAsk, context, asked, args, format, isLoading, outcome } = state
  const shown = readPeriod(args)
  if (mayAsk && outcome.kind !== 'waiting') {
    controls.offerPeriods(todayIn(context.timeZone), asked, shown)
  }
  byId('content', HTMLElement).setAttribute('aria-busy', String(isLoading))
  byId('subtitle', HTMLElement).textContent = [
    isLoading && outcome.kind !== 'waiting' ? 'Loading…' : format.period(shown),
    ...filtersOf(args),
  ].join(' · ')
}

function paintContent(state: State): void {
  byId('content', HTMLElement).replaceChildren(...contentOf(state))
  byId('looks', HTMLElement).hidden =
    state.outcome.kind !== 'summary' || state.outcome.summary.count === 0
}

function contentOf(state: State): HTMLElement[] {
  const { outcome, look, format } = state
  if (outcome.kind === 'summary') return summaryView(outcome.summary, look, format)
  if (outcome.kind === 'waiting') return [messageView('Waiting for the figures…', '')]
  return [messageView(outcome.title, outcome.text, retryButton(state))]
}

function retryButton(state: State): HTMLElement | undefined {
  if (!state.mayAsk) return undefined
  const button = element('button', { type: 'button', text: 'Try again' })
  button.addEventListener('click', () => {
    // It goes with the message that it belongs to.
    byId('period', HTMLSelectElement).focus()
    void ask(state, readPeriod(state.args))
  })
  return button
}

function spoken({ outcome, args, format }: State): string {
  if (outcome.kind === 'waiting') return ''
  if (outcome.kind === 'problem') return `${outcome.title}. ${outcome.text}`
  const { count, total, currency } = outcome.summary
  return `${format.period(readPeriod(args))}: ${format.count(count)}, ${format.money(total, currency)}`
}

function announce(text: string): void {
  byId('status', HTMLElement).textContent = text
}
