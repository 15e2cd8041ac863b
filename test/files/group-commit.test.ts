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

test('a change that fails is undone as a whole, and takes no other of its turn with it', async () => {
  using db = openCounted()
  const { write } = createGroupCommit(db)
  const insert = db.prepare('INSERT INTO words (word) VALUES (?)')
  const put = (...words: string[]) => write(() => words.map((word) => insert.run(word)).length)
  const outcomes = await Promise.allSettled([put('a'), put('b', 'a'), put('c'), put('b')])
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
  )
  assert.deepEqual(wordsOf(db), ['a', 'b', 'c'])
  assert.equal(db.commits(), 1)
})

test('where the file is full, nothing of a turn is done, and everybody is told', async () => {
  using db = openCounted()
  const { write } = createGroupCommit(db)
  const insert = db.prepare('INSERT INTO words (word) VALUES (?)')
  const { page_count: pages } = db.prepare('PRAGMA page_count').get() as { page_count: number }
  db.exec(`PRAGMA max_page_count = ${pages + 1}`)
  const words = ['a', 'b'.repeat(1_000_000), 'c'].map((word) => write(() => insert.run(word)))
  const outcomes = await Promise.allSettled(words)
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['rejected', 'rejected', 'rejected'],
  )
  assert.deepEqual(wordsOf(db), [])
  assert.equal(db.isTransaction, false)
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

function wordsOf(db: DatabaseSync) {
  return db
    .prepare('SELECT word FROM words ORDER BY word')
    .all()
    .map(({ word }) => word)
}

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
