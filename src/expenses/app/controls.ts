import { byId, element } from './dom.ts'
import { type Choice, choicesOf, isSame, type Period } from './periods.ts'
import type { Look } from './view.ts'

/** The parts of the page that a person acts on. */
export type Controls = {
  /** Offers the periods as they are today, and the one that was asked for first. */
  offerPeriods(today: string, asked: Period, chosen: Period): void
  onPeriod(take: (choice: Choice) => void): void
  onLook(take: (look: Look) => void): void
  /** Offers full screen, or the way back; undefined: neither. */
  offerMode(label: string | undefined): void
  onMode(take: () => void): void
}

/** The controls in the page's own markup. */
export function findControls(): Controls {
  const select = byId('period', HTMLSelectElement)
  const mode = byId('mode', HTMLButtonElement)
  let choices: readonly Choice[] = []
  return {
    offerPeriods(today, asked, chosen) {
      const usual = choicesOf(today)
      const isUsual = usual.some(({ period }) => isSame(period, asked))
      choices = isUsual ? usual : [{ id: 'asked', label: 'As asked', period: asked }, ...usual]
      const options = choices.map(({ id, label }) => element('option', { value: id, text: label }))
      select.replaceChildren(...options)
      select.value = choices.find(({ period }) => isSame(period, chosen))?.id ?? 'asked'
      byId('periods', HTMLElement).hidden = false
    },
    onPeriod(take) {
      select.addEventListener('change', () => {
        const chosen = choices.find(({ id }) => id === select.value)
        if (chosen) take(chosen)
      })
    },
    onLook(take) {
      const looks = [byId('chart', HTMLButtonElement), byId('table', HTMLButtonElement)]
      for (const button of looks) {
        button.addEventListener('click', () => {
          for (const each of looks) each.setAttribute('aria-pressed', String(each === button))
          take(button.id === 'table' ? 'table' : 'chart')
        })
      }
    },
    offerMode(label) {
      mode.hidden = label === undefined
      mode.textContent = label ?? ''
    },
    onMode(take) {
      mode.addEventListener('click', take)
    },
  }
}
