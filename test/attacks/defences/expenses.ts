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
    [
      'expenses: one is found by its owner only',
      'WHERE id = ? AND tid = ? AND oid = ?',
      'WHERE id = ? AND ? <> ?',
    ],
    [
      'expenses: sums are of their owner only',
      'WHERE tid = :tid AND oid = :oid AND period BETWEEN',
      'WHERE :tid <> :oid AND period BETWEEN',
    ],
  ]),
  ...defencesOf('expenses/postgres/reading.ts', OTHERS, [
    [
      'expenses in PostgreSQL: a list is of its owner only',
      "const conditions = ['tid = $1 AND oid = $2',",
      "const conditions = ['$1::text <> $2::text',",
    ],
    [
      'expenses in PostgreSQL: one is found by its owner only',
      'WHERE id = $1 AND tid = $2 AND oid = $3',
      'WHERE id = $1 AND $2::text <> $3::text',
    ],
    [
      'expenses in PostgreSQL: sums are of their owner only',
      'FROM ${table(name)} WHERE tid = $1 AND oid = $2',
      'FROM ${table(name)} WHERE $1::text <> $2::text',
    ],
  ]),
  ...defencesOf(
    'expenses/tools.ts',
    ['attacks/expenses-calls'],
    [
      [
        'expenses: a call that is refused is audited too',
        "audit?.(name, result.isError ? 'failure' : 'success')",
        "if (!result.isError) audit?.(name, 'success')",
      ],
    ],
  ),
  ...defencesOf(
    'expenses/server.ts',
    ['attacks/expenses-calls'],
    [
      [
        'expenses: the log has nothing of a request that was refused',
        'message: withoutRequest(message)',
        'message',
      ],
    ],
  ),
  ...defencesOf(
    'expenses/arguments.ts',
    ['attacks/expenses-calls'],
    [
      [
        'expenses: an argument that cannot be shown is refused like any other',
        "return 'a value that is nested too deep'",
        'throw new RangeError()',
      ],
    ],
  ),
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
