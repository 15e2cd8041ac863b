import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseArguments } from '../../../src/cli/client/arguments.ts'
import { UsageError } from '../../../src/cli/exit-codes.ts'

const EXPENSE = {
  name: 'add_user_expense',
  inputSchema: {
    type: 'object',
    properties: {
      date: { type: 'string', format: 'date', pattern: '^\\d{4}-\\d{2}-\\d{2}$' },
      amount: { type: 'number', exclusiveMinimum: 0, multipleOf: 0.01 },
      category: { enum: ['food', 'transport'] },
      description: { type: 'string', minLength: 1, maxLength: 20 },
    },
    required: ['date', 'amount', 'category'],
  },
}

function parse(words: readonly string[], properties: Record<string, unknown>, rest: object = {}) {
  const inputSchema = { type: 'object', properties, ...rest }
  return parseArguments(words, { name: 'tool', inputSchema })
}

/** The lines of the refusal, one a problem. */
function problemsOf(work: () => unknown): string[] {
  try {
    work()
  } catch (error) {
    assert.ok(error instanceof UsageError)
    return error.message
      .split('\n')
      .slice(1)
      .map((line) => line.trim())
  }
  throw new assert.AssertionError({ message: 'nothing was refused' })
}

test('texts become what the schema asks for', () => {
  const words = ['date=2026-01-31', 'amount=75.10', 'category=food', 'description=a=b, "c"']
  const given = parseArguments(words, EXPENSE)
  const expected = { date: '2026-01-31', amount: 75.1, category: 'food', description: 'a=b, "c"' }
  assert.deepEqual(given, expected)
})

test('every problem is named at once, with what is accepted', () => {
  const words = ['date=2026-02-30', 'amount=abc', 'category=toys', 'colour=red', 'x', 'amount=1']
  assert.deepEqual(
    problemsOf(() => parseArguments(words, EXPENSE)),
    [
      'date: "2026-02-30" is not accepted; expected date, YYYY-MM-DD',
      'amount: "abc" is not accepted; expected number, more than 0, a multiple of 0.01',
      'category: "toys" is not accepted; expected food | transport',
      'colour: is not an argument; the tool takes date, amount, category, description',
      '"x" is not written as name=value',
      'amount: is given twice',
    ],
  )
})

test('each missing argument is named with what is accepted', () => {
  assert.deepEqual(
    problemsOf(() => parseArguments([], EXPENSE)),
    [
      'date: is missing; expected date, YYYY-MM-DD',
      'amount: is missing; expected number, more than 0, a multiple of 0.01',
      'category: is missing; expected food | transport',
    ],
  )
})

test('an id has to look like one', () => {
  const properties = { id: { type: 'string', format: 'uuid' } }
  const id = '0b0a4c5e-4a35-4f4b-8d6c-0f6a3c8c9d11'
  assert.deepEqual(parse([`id=${id}`], properties), { id })
  assert.deepEqual(
    problemsOf(() => parse([`id=${id}0`], properties)),
    [`id: "${id}0" is not accepted; expected UUID`],
  )
})

test('numbers have to be numbers, whole and in range where the schema says so', () => {
  const properties = {
    n: { type: 'number', minimum: -1, maximum: 5 },
    i: { type: 'integer', minimum: 0, maximum: 9007199254740991 },
  }
  assert.deepEqual(parse(['n=-0.5', 'i=7'], properties), { n: -0.5, i: 7 })
  assert.deepEqual(parse(['n=5e-1'], properties), { n: 0.5 })
  for (const word of ['n=', 'n=0x10', 'n=Infinity', 'n=1,5', 'n= 1', 'i=1.5', 'i=-1', 'n=5.1']) {
    assert.equal(problemsOf(() => parse([word], properties)).length, 1, word)
  }
})

test('a decimal amount counts as a multiple of 0.01 in spite of binary fractions', () => {
  const properties = { a: { type: 'number', multipleOf: 0.01 } }
  for (const text of ['1.1', '0.07', '1.15', '19.99', '1000000000']) {
    assert.deepEqual(parse([`a=${text}`], properties), { a: Number(text) })
  }
  assert.equal(problemsOf(() => parse(['a=1.005'], properties)).length, 1)
})

test('booleans, lists and objects are read as JSON, nested problems are named', () => {
  const properties = {
    on: { type: 'boolean' },
    tags: { type: 'array', items: { type: 'string' }, maxItems: 2 },
    where: {
      type: 'object',
      properties: { x: { type: 'integer' }, y: { type: 'integer' } },
      required: ['x', 'y'],
      additionalProperties: false,
    },
  }
  const words = ['on=false', 'tags=["a","b"]', 'where={"x":1,"y":2}']
  const expected = { on: false, tags: ['a', 'b'], where: { x: 1, y: 2 } }
  assert.deepEqual(parse(words, properties), expected)
  assert.deepEqual(
    problemsOf(() => parse(['on=yes', 'tags=["a",1]', 'where={"x":1.5,"z":0}'], properties)),
    [
      'on: "yes" is not accepted; expected true | false',
      'tags: "["a",1]" item 2 is not accepted; expected text',
      'where: "{"x":1.5,"z":0}" y is missing; x is not accepted; expected integer; z is not a field of it',
    ],
  )
})

test('name:=json gives the value as it is written, checked all the same', () => {
  const properties = { text: { type: 'string' }, any: {} }
  assert.deepEqual(parse(['text:="5"', 'any:=[1]'], properties), { text: '5', any: [1] })
  assert.deepEqual(
    problemsOf(() => parse(['text:=5', 'any:={'], properties)),
    ['text: "5" is not accepted; expected text', 'any: "{" is not JSON'],
  )
})

test('of several types the one that fits is taken, a text last', () => {
  const either = { anyOf: [{ type: 'string' }, { type: 'integer' }, { type: 'null' }] }
  const list = { type: ['null', 'number'] }
  const given = parse(['a=5', 'b=five', 'c=null', 'd=null', 'e=0'], {
    a: either,
    b: either,
    c: either,
    d: list,
    e: list,
  })
  assert.deepEqual(given, { a: 5, b: 'five', c: null, d: null, e: 0 })
  assert.deepEqual(
    problemsOf(() => parse(['d=x'], { d: list })),
    ['d: "x" is not accepted; expected null or number'],
  )
})

test('references and allOf are followed', () => {
  const rest = { $defs: { 'pay/way': { enum: ['visa', 'cash'] } } }
  const properties = {
    how: { $ref: '#/$defs/pay~1way', description: 'How it was paid.' },
    both: { allOf: [{ type: 'integer' }, { minimum: 3 }] },
  }
  assert.deepEqual(parse(['how=visa', 'both=3'], properties, rest), { how: 'visa', both: 3 })
  assert.deepEqual(
    problemsOf(() => parse(['how=amex', 'both=2'], properties, rest)),
    [
      'how: "amex" is not accepted; expected visa | cash',
      'both: "2" is not accepted; expected integer, at least 3',
    ],
  )
})

test('more arguments than those listed are taken only where the schema says so', () => {
  assert.equal(problemsOf(() => parse(['b=1'], { a: {} })).length, 1)
  assert.deepEqual(parse(['b=1'], { a: {} }, { additionalProperties: true }), { b: '1' })
})

test('names that every object has are arguments like any other', () => {
  assert.equal(problemsOf(() => parse(['constructor=1', 'toString=2'], {})).length, 2)
  const properties = JSON.parse('{"__proto__": {"type": "integer"}}')
  const given = parse(['__proto__=1'], properties)
  assert.deepEqual(Object.keys(given), ['__proto__'])
})

test('a schema that refers to itself for ever is answered at once', () => {
  const loop = { $ref: '#/properties/a' }
  assert.deepEqual(parse(['a=1'], { a: loop }), { a: '1' })
  const many = { anyOf: Array.from({ length: 50 }, () => ({ $ref: '#/properties/a' })) }
  assert.ok(parse(['a=1'], { a: many }))
  const nested = { type: 'array', items: { $ref: '#/properties/a' } }
  assert.deepEqual(parse(['a=[[],[[]]]'], { a: nested }), { a: [[], [[]]] })
  assert.equal(problemsOf(() => parse(['a=1'], { a: nested })).length, 1)
})

test('a pattern that would search for ever is left to the server', () => {
  const properties = { a: { type: 'string', pattern: '^(a+)+$' } }
  const text = `${'a'.repeat(40)}!`
  assert.deepEqual(parse([`a=${text}`], properties), { a: text })
  assert.equal(problemsOf(() => parse(['a=b'], properties)).length, 1)
})
