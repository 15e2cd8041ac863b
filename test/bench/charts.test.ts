import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import type { Figure } from '../../bench/kit/figure.ts'
import { toCharts } from '../../bench/report/charts/charts.ts'
import { launchChromium, withoutChromium } from '../support/chromium.ts'
import { figure } from './measurements.ts'

const RATES = [
  figure('Entrance', [2510, 2480, 2530]),
  figure('FastMCP <&"> (Python)', [350, 341, 362]),
  figure('none', [0, 0, 0]),
]
const LATENCIES = ['Entrance', 'FastMCP (Python)'].flatMap((subject, at) =>
  (['p50', 'p99', 'p999'] as const).map((percentile, step) =>
    figure(
      subject,
      [0.4, 0.5, 0.7].map((ms) => ms * 10 ** at * (step + 1)),
      {
        id: `calls/half/${percentile}`,
        what: `tool calls at 50 % load, ${percentile === 'p999' ? 'p99.9' : percentile}`,
        unit: 'ms',
      },
    ),
  ),
)

test('what is known of one subject only gives no picture', () => {
  assert.deepEqual(toCharts([figure('Entrance', [1, 2, 3])]), [])
})

test('the share of a processor that something took gives no picture', () => {
  const unit = '%'
  assert.deepEqual(toCharts([figure('A', [7], { unit }), figure('B', [9], { unit })]), [])
})

test('what this system does not tell gives no bar', () => {
  const [chart] = toCharts([...RATES, figure('unknown', [Number.NaN])])
  assert.doesNotMatch(chart?.svg ?? '', /unknown|NaN/)
})

test('percentiles of the same share a picture, which names none of them in its title', () => {
  const charts = toCharts([...RATES, ...LATENCIES])
  assert.deepEqual(
    charts.map(({ name, title }) => [name, title]),
    [
      ['calls-rate.svg', 'Tool calls'],
      ['calls-half.svg', 'Tool calls at 50 % load: time to the answer'],
    ],
  )
})

test('the words of a picture say what it shows', () => {
  const [rates, latencies] = toCharts([...RATES, ...LATENCIES])
  assert.match(rates?.words ?? '', /Entrance 2,510 req\/s \(2,480\.\.2,530\);/)
  assert.match(latencies?.words ?? '', /Entrance 0\.50 ms \(half are faster\), 1\.0 ms/)
})

test('a picture needs nothing from elsewhere and runs nothing', () => {
  for (const { svg } of toCharts([...RATES, ...LATENCIES])) {
    assert.doesNotMatch(svg, /<script|<image|<foreignObject|href|@import|url\(|\son\w+=/i)
  }
})

test('a picture is an SVG with title, words, bars and whiskers, in light and dark', {
  skip: withoutChromium,
}, async () => {
  const seen = await inChromium(toCharts(RATES)[0]?.svg ?? '')
  assert.equal(seen.root, 'svg')
  assert.equal(seen.title, 'Tool calls')
  assert.match(seen.words, /FastMCP <&"> \(Python\) 350 req\/s/)
  assert.equal(seen.bars, RATES.length)
  // Where all rounds are alike there is nothing to span.
  assert.equal(seen.whiskers, 2)
  assert.notEqual(seen.light, seen.dark)
  assert.deepEqual(seen.outside, [])
})

test('a picture of latencies has a dot for each percentile, and stays within its edge', {
  skip: withoutChromium,
}, async () => {
  const seen = await inChromium(toCharts(LATENCIES)[0]?.svg ?? '')
  // And one each in the legend.
  assert.equal(seen.dots, LATENCIES.length + 3)
  assert.deepEqual(seen.outside, [])
})

test('a picture stays within its edge with long names and huge numbers', {
  skip: withoutChromium,
}, async () => {
  const what =
    'whole sign-ins of people who have never been here before, from registration to tokens'
  const long: Figure[] = [
    figure('Entrance without any check at all', [123_456_789, 120_000_000, 130_000_000], { what }),
    figure('mcp-auth-proxy', [1, 1, 2], { what }),
  ]
  const { outside } = await inChromium(toCharts(long)[0]?.svg ?? '')
  assert.deepEqual(outside, [])
})

/** What Chromium makes of it: as XML, which forgives nothing. */
async function inChromium(svg: string) {
  const folder = mkdtempSync(join(tmpdir(), 'entrance-charts-'))
  try {
    writeFileSync(join(folder, 'chart.svg'), svg)
    await using chromium = await launchChromium()
    const page = await chromium.context.newPage()
    await page.goto(pathToFileURL(join(folder, 'chart.svg')).href)
    const ground = async (colorScheme: 'light' | 'dark') => {
      await page.emulateMedia({ colorScheme })
      return page.evaluate<string>("getComputedStyle(document.querySelector('.ground')).fill")
    }
    const seen = await page.evaluate<Seen>(LOOK)
    return { ...seen, light: await ground('light'), dark: await ground('dark') }
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

type Seen = {
  readonly root: string
  readonly title: string
  readonly words: string
  readonly bars: number
  readonly dots: number
  readonly whiskers: number
  /** What is cut off at the picture's edge. */
  readonly outside: readonly string[]
}

/** Runs in the page. */
const LOOK = `(() => {
  const all = (selector) => [...document.querySelectorAll(selector)]
  const edge = document.documentElement.getBoundingClientRect()
  const isOutside = (one) => {
    const { left, right, top, bottom } = one.getBoundingClientRect()
    return left < edge.left || right > edge.right || top < edge.top || bottom > edge.bottom
  }
  return {
    root: document.documentElement.localName,
    title: document.querySelector('title').textContent,
    words: document.querySelector('desc').textContent,
    bars: all('.bar').length,
    dots: all('.dot').length,
    whiskers: all('.whisker').length,
    outside: all('text, .bar, .dot, .whisker').filter(isOutside).map((one) => one.outerHTML),
  }
})()`
