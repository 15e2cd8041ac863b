import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { createGroupCommit } from '../../src/files/group-commit.ts'

test('changes of one turn are one commit, in their order, and each gets its own answer', async () => {
  using db = openCounted()
  const { write } = createGroupCommit(db)
  const insert = db.prepare('INSERT INTO words (word) VALUES (?)')
  const put = (word: string) => write(() => insert.run(word).lastInsertRowid)
  assert.deepEqual(await Promise.all(['a', 'b', 'c'].map(put)), [1, 2, 3])
  assert.equal(await put('d'), 4)
  assert.equal(db.commits(), 2)
})

test('where one change of a turn fails, none is done, and everybody is told', async () => {
  using db = openCounted()
  const { write } = createGroupCommit(db)
  const insert = db.prepare('INSERT INTO words (word) VALUES (?)')
  const words = ['a', 'a', 'b'].map((word) => write(() => insert.run(word)))
  const outcomes = await Promise.allSettled(words)
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['rejected', 'rejected', 'rejected'],
  )
  assert.equal(db.prepare('SELECT count(*) AS n FROM words').get()?.n, 0)
})

test('what waits when the file is closed is done before, and nothing is taken after', async () => {
  const db = openCounted()
  const { write, flush } = createGroupCommit(db)
  const waiting = write(() => db.prepare("INSERT INTO words VALUES ('a')").run().changes)
  flush()
  db.close()
  assert.equal(await waiting, 1)
  await assert.rejects(
    write(() => 1),
    /closed/,
  )
})

/** A database that knows how many commits there were. */
function openCounted() {
  const db = new DatabaseSync(':memory:')
  db.exec('CREATE TABLE words (word TEXT UNIQUE) STRICT')
  let count = 0
  const exec = db.exec.bind(db)
  db.exec = (sql) => {
    if (sql === 'COMMIT') count++
    exec(sql)
  }
  return Object.assign(db, { commits: () => count })
}
