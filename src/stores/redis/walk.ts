import type { RecordQuery } from '../store.ts'
import type { RedisConnection } from './connection.ts'
import { INDEX_PAGE, run } from './scripts.ts'
import { readRunId } from './settings.ts'

/** How many steps one page takes at most: where little fits the prefix, a page may be empty. */
const STEPS = 20
/** How many keys one step looks at, at most; Redis answers nobody else meanwhile. */
const LARGEST_STEP = 1000

/**
 * Some keys behind `space` and the query's prefix, by `SCAN` at one master after the other. Where a
 * page ends is `<master>.<its run>.<its cursor>`: a cursor is good for one run only, so a master that
 * was started again or has another in its place is walked from its beginning.
 */
export async function scanPage(
  connection: RedisConnection,
  space: string,
  { prefix, after = '0..0', limit }: RecordQuery,
): Promise<{ keys: readonly string[]; next: string | undefined }> {
  const masters = await connection.masters()
  let [master, run, cursor] = parse(after)
  const pattern = `${escapeWildcards(space + prefix)}*`
  const count = String(Math.min(Math.max(limit, 1), LARGEST_STEP))
  const keys: string[] = []
  for (let step = 0; step < STEPS && keys.length < limit; step++) {
    const send = masters[master]
    if (!send) return { keys, next: undefined }
    const current = await readRunId(send)
    if (current !== run) cursor = '0'
    run = current
    const reply = await send(['SCAN', cursor, 'MATCH', pattern, 'COUNT', count, 'TYPE', 'hash'])
    const [next, found] = reply as [string, string[]]
    keys.push(...found.map((name) => name.slice(space.length)))
    cursor = next
    if (cursor === '0') [master, run] = [master + 1, '']
  }
  return { keys, next: master < masters.length ? `${master}.${run}.${cursor}` : undefined }
}

/** Some keys of an index behind the query's prefix. Where a page ends is `<score>:<key>`. */
export async function indexPage(
  connection: RedisConnection,
  index: string,
  { prefix, after, limit }: RecordQuery,
): Promise<{ keys: readonly string[]; next: string | undefined }> {
  const [, score, last] = /^([^:]*):(.*)$/s.exec(after ?? '') ?? []
  const from = [score ?? Math.floor(Date.now() / 1000), last ?? '', limit]
  const reply = (await run(connection, INDEX_PAGE, [index], from)) as string[]
  const keys = reply.filter((_, i) => i % 2 === 0)
  return {
    keys: keys.filter((key) => key.startsWith(prefix)),
    next: keys.length < limit ? undefined : `${reply.at(-1)}:${keys.at(-1)}`,
  }
}

function parse(after: string): [master: number, run: string, cursor: string] {
  const [master = '0', run = '', cursor = '0'] = after.split('.')
  return [Number(master), run, cursor]
}

/** Nothing of it is a wildcard. */
function escapeWildcards(text: string): string {
  return text.replace(/[\\*?[\]]/g, '\\$&')
}
