/** The day where the person is, as YYYY-MM-DD. */
export function dayIn(timeZone: string, moment: Date): string {
  const parts = new Map(
    new Intl.DateTimeFormat('en-US', {
      timeZone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
    })
      .formatToParts(moment)
      .map(({ type, value }) => [type, value]),
  )
  return `${parts.get('year')}-${parts.get('month')}-${parts.get('day')}`
}

/** The time zone of this machine, which follows TZ; UTC where TZ is none. */
export function ownTimeZone(): string {
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions()
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: timeZone || 'UTC' }).resolvedOptions()
      .timeZone
  } catch {
    return 'UTC'
  }
}

/**
 * What a model has to know of the calendar. It is bad at reckoning with days, so that the week
 * behind is written out: "last Friday" is then to be read off.
 */
export function describeToday(day: string, timeZone: string): string {
  const past = Array.from({ length: 7 }, (_, i) => withWeekday(daysBefore(day, i + 1)))
  return [
    `Today is ${withWeekday(day)}, in the user's time zone, ${timeZone}.`,
    `Yesterday was ${past[0]}. The days before, going back: ${past.slice(1).join('; ')}.`,
  ].join('\n')
}

/** Such as "Friday, 2026-11-27". */
export function withWeekday(day: string): string {
  const weekday = new Intl.DateTimeFormat('en-US', { weekday: 'long', timeZone: 'UTC' })
  return `${weekday.format(Date.parse(`${day}T00:00:00Z`))}, ${day}`
}

function daysBefore(day: string, count: number): string {
  const date = new Date(`${day}T00:00:00Z`)
  date.setUTCDate(date.getUTCDate() - count)
  return date.toISOString().slice(0, 10)
}
