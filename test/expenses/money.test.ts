import assert from 'node:assert/strict'
import { test } from 'node:test'
import { currencyOf, isCurrencyCode, toDecimal, toMinorUnits } from '../../src/expenses/money.ts'

const USD = currencyOf('USD')

test('an amount is kept as the integer that was written', () => {
  const amounts = [0.01, 0.07, 0.29, 1.1, 4.35, 75, 75.1, 1.15 * 100, 8.95, 999_999_999.99]
  assert.deepEqual(
    amounts.map((amount) => toMinorUnits(amount, USD)),
    [1, 7, 29, 110, 435, 7500, 7510, undefined, 895, 99_999_999_999],
  )
})

test('every cent up to 1000.00 reads back as it was written', () => {
  for (let cents = 1; cents <= 100_000; cents++) {
    const decimal = toDecimal(cents, USD)
    assert.equal(toMinorUnits(Number(decimal), USD), cents, decimal)
  }
})

test('more decimals than the currency has are refused, never rounded', () => {
  for (const amount of [0.1 + 0.2, 1.005, 0.001, 1e-7, 10.999, 75.100001]) {
    assert.equal(toMinorUnits(amount, USD), undefined, String(amount))
  }
})

test('what is not above zero or beyond every sane bound is refused', () => {
  const amounts = [0, -0, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e21, 1_000_000_000.01]
  for (const amount of amounts) assert.equal(toMinorUnits(amount, USD), undefined, String(amount))
  assert.equal(toMinorUnits(1_000_000_000, USD), 100_000_000_000)
})

test('each currency has the digits of ISO 4217', () => {
  assert.equal(toMinorUnits(1500, currencyOf('JPY')), 1500)
  assert.equal(toMinorUnits(1500.5, currencyOf('JPY')), undefined)
  assert.equal(toMinorUnits(1.005, currencyOf('KWD')), 1005)
  assert.equal(toMinorUnits(1.0005, currencyOf('KWD')), undefined)
  assert.equal(toMinorUnits(1.005, currencyOf('IQD')), 1005)
  assert.equal(toDecimal(5, currencyOf('KWD')), '0.005')
  assert.equal(toDecimal(1500, currencyOf('JPY')), '1500')
  assert.equal(toDecimal(12_345_678_901_234_567n, USD), '123456789012345.67')
})

test('only codes of ISO 4217 in capitals are currencies', () => {
  for (const code of ['USD', 'EUR', 'JPY', 'KWD']) assert.equal(isCurrencyCode(code), true, code)
  for (const code of ['usd', 'UDS', 'US', '', '$']) assert.equal(isCurrencyCode(code), false, code)
})
