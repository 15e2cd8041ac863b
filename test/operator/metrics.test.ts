import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createRegistry } from '../../src/operator/metrics.ts'

suite('metrics in the text format of Prometheus', () => {
  test('a counter has its HELP, its TYPE and a line for each set of labels', () => {
    const registry = createRegistry()
    const counter = registry.counter('requests_total', 'What came.')
    counter.add({ endpoint: '/token' })
    counter.add({ endpoint: '/token' }, 2)
    counter.of({ endpoint: '/register' })()
    assert.equal(
      registry.text(),
      `# HELP requests_total What came.
# TYPE requests_total counter
requests_total{endpoint="/token"} 3
requests_total{endpoint="/register"} 1
`,
    )
  })

  test('a label’s value can end neither its quotes nor its line', () => {
    const registry = createRegistry()
    registry.counter('a_total', 'A\nb \\.').add({ label: 'x"} 1\nforged 2\\' })
    const [help, , line, end] = registry.text().split('\n')
    assert.equal(help, '# HELP a_total A\\nb \\\\.')
    assert.equal(line, 'a_total{label="x\\"} 1\\nforged 2\\\\"} 1')
    assert.equal(end, '')
  })

  test('the buckets of a histogram are cumulative, and the last one has all', () => {
    const registry = createRegistry()
    const histogram = registry.histogram('d_seconds', 'How long.', [0.1, 1])
    for (const value of [0.1, 0.5, 2]) histogram.observe({}, value)
    assert.deepEqual(registry.text().trim().split('\n').slice(2), [
      'd_seconds_bucket{le="0.1"} 1',
      'd_seconds_bucket{le="1"} 2',
      'd_seconds_bucket{le="+Inf"} 3',
      'd_seconds_sum 2.6',
      'd_seconds_count 3',
    ])
  })

  test('a gauge is read when it is asked for, and left out while there is nothing to read', () => {
    const registry = createRegistry()
    let now: number | undefined
    registry.gauge('g', 'G.', () => now)
    assert.doesNotMatch(registry.text(), /^g /m)
    now = 7
    assert.match(registry.text(), /^g 7$/m)
  })

  test('labels without end do not take memory without end', () => {
    const registry = createRegistry()
    const counter = registry.counter('c_total', 'C.')
    for (let i = 0; i < 10_000; i++) counter.add({ value: String(i) })
    const lines = registry.text().trim().split('\n').slice(2)
    assert.ok(lines.length <= 257, `${lines.length} series`)
    const total = lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
    assert.equal(total, 10_000)
  })
})
