import assert from 'node:assert/strict'
import { test } from 'node:test'
import { claim, write, writeBeside, writeDuration } from '../../bench/report/numbers.ts'

for (const [samples, unit, median, range] of [
  [[3456.7, 3311, 3588], 'req/s', '3,500 req/s', '3,300..3,600'],
  [[3456.7, 3455, 3458], 'req/s', '3,457 req/s', '3,455..3,458'],
  [[9.8765, 9.87, 9.88], 'µs', '9.877 µs', '9.870..9.880'],
  [[9.8765, 7, 12], 'µs', '10 µs', '7..12'],
  [[0.412, 0.4, 0.43], 'ms', '0.41 ms', '0.40..0.43'],
  [[1.234567], 'ms', '1.23 ms', ''],
  [[12, 12, 12], 'packages', '12 packages', ''],
  [[0, 0, 0], 'bytes', '0 bytes', ''],
  [[-0.4, -1.2, 3], 'MB', '-0.4 MB', '-1.2..3.0'],
] as const) {
  test(`${samples.join(', ')} ${unit} is written as ${median} ${range}`, () => {
    assert.deepEqual(write(samples, unit), { median, range })
  })
}

test('a median just below the bound does not look as if it were on it', () => {
  const samples = [94.96, 94.1, 95.9]
  assert.equal(write(samples, '%').median, '95.0 %')
  assert.equal(writeBeside(samples, '%', 95).median, '94.96 %')
  assert.equal(writeBeside([95, 94, 96], '%', 95).median, '95 %')
})

test('of a ratio whose rounds agree, the median is claimed', () => {
  assert.equal(claim([5.4, 5.35, 5.45], '×'), '5.40 ×')
})

test('of a ratio whose rounds lie more than a tenth apart, no more than the range is claimed', () => {
  assert.equal(claim([5.4, 4.83, 6.07], '×'), 'between 4.8 and 6.1 ×')
  assert.equal(claim([98, 93.2, 104.7], '%'), 'between 93 and 105 %')
})

test('rounding makes the range that is claimed no narrower', () => {
  for (const samples of [
    [5.4, 4.88, 6.03],
    [9.96, 8.04, 11.99],
    [104, 91.7, 140.2],
  ]) {
    const [low, high] = [...claim(samples, '×').matchAll(/[\d.]+/g)].map(Number) as [number, number]
    assert.ok(low <= Math.min(...samples) && high >= Math.max(...samples), claim(samples, '×'))
  }
})

test('a duration is written in minutes, and in hours where there are some', () => {
  assert.deepEqual([0.4, 59.6, 125, 3725].map(writeDuration), ['0:00', '1:00', '2:05', '1:02:05'])
})
