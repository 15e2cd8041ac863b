import { type Defence, defencesOf } from './defence.ts'

const OTHERS = ['attacks/expenses-of-others']

/** Whose expenses they are, and what one person can do to all. */
export const EXPENSES_DEFENCES: readonly Defence[] = [
  ...defencesOf('expenses/sqlite/writing.ts', OTHERS, [
    [
      'expenses: nobody changes or deletes what is not theirs',
      'found?.owner.tid === tid && found.owner.oid === oid ? found : undefined',
      'found && tid && oid ? found : undefined',
    ],
  ]),
  ...defencesOf('expenses/sqlite/reading.ts', OTHERS, [
    [
      'expenses: a list is of its owner only',
      "const IN_RANGE = 'tid = :tid AND oid = :oid AND",
      "const IN_RANGE = ':tid <> :oid AND",
    ],
  ]),
  ...defencesOf(
    'expenses/cursor.ts',
    ['expenses/cursor'],
    [
      [
        'expenses: a cursor does not tell how many others have',
        'return Buffer.concat([cipher.update(block), cipher.final()])',
        'return cipher ? block : block',
      ],
    ],
  ),
  ...defencesOf(
    'expenses/in-turn.ts',
    ['expenses/in-turn', 'expenses/sqlite'],
    [
      [
        'expenses: who asks for much at once does not hold others up',
        'before ? before.then(work) : work()',
        'before ? work() : work()',
      ],
    ],
  ),
  ...defencesOf(
    'expenses/csv.ts',
    ['expenses/csv'],
    [
      [
        'expenses: no cell of the CSV begins a formula',
        'return text.replace(FORMULA, "\'")',
        'return text',
      ],
    ],
  ),
]
