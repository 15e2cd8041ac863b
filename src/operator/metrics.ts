/** The labels of one series. */
export type Labels = Readonly<Record<string, string>>

/** What a metric has at the moment: labels and a number, any number of them. */
export type Samples = readonly (readonly [Labels, number])[]

export type Counter = {
  add(labels: Labels, amount?: number): void
  /** What counts one series, for what has to be quick. */
  of(labels: Labels): () => void
}
export type Histogram = { observe(labels: Labels, value: number): void }

/** Metrics in the text format of Prometheus. */
export type Registry = {
  counter(name: string, help: string): Counter
  /** Read when it is asked for. */
  gauge(name: string, help: string, read: () => number | Samples | undefined): void
  histogram(name: string, help: string, buckets: readonly number[]): Histogram
  /** All of them, with HELP and TYPE. */
  text(): string
}

/** The most series of one metric: what comes beyond is counted under no label at all. */
const MAX_SERIES = 256

export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

export function createRegistry(): Registry {
  const metrics: { head: string; lines: () => readonly string[] }[] = []
  const names = new Set<string>()

  function add(name: string, type: string, help: string, lines: () => readonly string[]): void {
    if (!/^[a-z][a-z0-9_]*$/.test(name)) throw new RangeError(`${name} is no name of a metric.`)
    if (names.has(name)) throw new RangeError(`There is a metric ${name} already.`)
    names.add(name)
    metrics.push({ head: `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}`, lines })
  }

  return {
    counter(name, help) {
      const series = createSeries(() => ({ value: 0 }))
      add(name, 'counter', help, () =>
        series.all().map(([labels, { value }]) => line(name, labels, value)),
      )
      return {
        add(labels, amount = 1) {
          series.of(labels).value += amount
        },
        of(labels) {
          const one = series.of(labels)
          return () => void one.value++
        },
      }
    },
    gauge(name, help, read) {
      add(name, 'gauge', help, () => {
        const now = read()
        if (now === undefined) return []
        const samples: Samples = typeof now === 'number' ? [[{}, now]] : now
        return samples.map(([labels, value]) => line(name, labels, value))
      })
    },
    histogram(name, help, buckets) {
      const series = createSeries(() => ({ counts: buckets.map(() => 0), count: 0, sum: 0 }))
      add(name, 'histogram', help, () => series.all().flatMap((one) => lines(name, buckets, one)))
      return {
        observe(labels, value) {
          const one = series.of(labels)
          one.count++
          one.sum += value
          const at = buckets.findIndex((bound) => value <= bound)
          if (at >= 0) one.counts[at] = (one.counts[at] ?? 0) + 1
        },
      }
    },
    text: () => `${metrics.flatMap(({ head, lines }) => [head, ...lines()]).join('\n')}\n`,
  }
}

/** Series by their labels, so many at most. */
function createSeries<T>(make: () => T) {
  const series = new Map<string, readonly [Labels, T]>()
  return {
    all: () => [...series.values()],
    of(labels: Labels): T {
      const isFull = series.size >= MAX_SERIES
      const asked = series.get(keyOf(labels))
      if (asked) return asked[1]
      const kept = isFull ? {} : labels
      const known = series.get(keyOf(kept))
      if (known) return known[1]
      const made = make()
      series.set(keyOf(kept), [kept, made])
      return made
    },
  }
}

type Distribution = {
  readonly counts: readonly number[]
  readonly count: number
  readonly sum: number
}

/** Buckets are cumulative. */
function lines(
  name: string,
  buckets: readonly number[],
  [labels, { counts, count, sum }]: readonly [Labels, Distribution],
): readonly string[] {
  let total = 0
  const bounded = buckets.map((bound, at) => {
    total += counts[at] ?? 0
    return line(`${name}_bucket`, { ...labels, le: String(bound) }, total)
  })
  return [
    ...bounded,
    line(`${name}_bucket`, { ...labels, le: '+Inf' }, count),
    line(`${name}_sum`, labels, sum),
    line(`${name}_count`, labels, count),
  ]
}

function line(name: string, labels: Labels, value: number): string {
  const key = keyOf(labels)
  return `${name}${key && `{${key}}`} ${value}`
}

function keyOf(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escapeValue(value)}"`)
    .join(',')
}

function escapeValue(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}
