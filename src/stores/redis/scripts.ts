import { createHash } from 'node:crypto'
import type { RedisConnection } from './connection.ts'

/** Lua that Redis runs as one step; all its keys are in one slot. */
export type Script = { readonly text: string; readonly digest: string }

const script = (text: string): Script => ({
  text,
  digest: createHash('sha1').update(text).digest('hex'),
})

// `now` comes from the caller: all of a record's times are by the servers' clocks, none by Redis's.
const PUT = `
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'value', ARGV[3], 'version', version, 'expiresAt', ARGV[4])
if ARGV[6] ~= '' then redis.call('HSET', KEYS[1], 'person', ARGV[6]) end
if ARGV[7] ~= '' then redis.call('HSET', KEYS[1], 'client', ARGV[7]) end
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return 1`

/** KEYS: record. ARGV: now, -, value, expiresAt, time to live, person, client. */
export const CREATE = script(`
local expiresAt = redis.call('HGET', KEYS[1], 'expiresAt')
if expiresAt and tonumber(expiresAt) > tonumber(ARGV[1]) then return 0 end
local version = '1'
${PUT}`)

/** KEYS: record. ARGV: now, version, value, expiresAt, time to live, person, client. */
export const REPLACE = script(`
local found = redis.call('HMGET', KEYS[1], 'version', 'expiresAt')
if found[1] ~= ARGV[2] or tonumber(found[2]) <= tonumber(ARGV[1]) then return 0 end
local version = string.format('%.0f', tonumber(found[1]) + 1)
${PUT}`)

/** KEYS: index. ARGV: now, expiresAt, time to live, record's key. A few of the dead go each time. */
export const INDEX = script(`
local dead = redis.call('ZRANGE', KEYS[1], '-inf', ARGV[1], 'BYSCORE', 'LIMIT', 0, 20)
if #dead > 0 then redis.call('ZREM', KEYS[1], unpack(dead)) end
redis.call('ZADD', KEYS[1], 'GT', ARGV[2], ARGV[4])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
return 1`)

/**
 * KEYS: index. ARGV: score and key of the last entry of the page before, limit. A record that is
 * renewed moves to the end, so it is given again; nothing moves to the front.
 */
export const INDEX_PAGE = script(`
local from = redis.call('ZRANK', KEYS[1], ARGV[2])
if from and redis.call('ZSCORE', KEYS[1], ARGV[2]) == ARGV[1] then from = from + 1
else from = redis.call('ZCOUNT', KEYS[1], '-inf', '(' .. ARGV[1]) end
return redis.call('ZRANGE', KEYS[1], from, from + ARGV[3] - 1, 'WITHSCORES')`)

/** KEYS: feed, its state, its expiries. ARGV: now, epoch, expiresAt, revocation. */
export const REVOKE = script(`
redis.call('HSETNX', KEYS[2], 'epoch', ARGV[2])
local seq = string.format('%.0f', redis.call('HINCRBY', KEYS[2], 'seq', 1))
for _, dead in ipairs(redis.call('ZRANGE', KEYS[3], '-inf', ARGV[1], 'BYSCORE', 'LIMIT', 0, 100)) do
  redis.call('ZREMRANGEBYSCORE', KEYS[1], dead, dead)
  redis.call('ZREM', KEYS[3], dead)
end
redis.call('ZADD', KEYS[1], seq, seq .. ':' .. ARGV[4])
redis.call('ZADD', KEYS[3], ARGV[3], seq)
return 1`)

/** KEYS: feed, its state. ARGV: epoch, seq, overlap, limit. */
export const REVOCATIONS = script(`
local state = redis.call('HMGET', KEYS[2], 'epoch', 'seq')
local from = '-inf'
local seq = tonumber(state[2] or '0')
if state[1] == ARGV[1] and tonumber(ARGV[2]) <= seq then from = tonumber(ARGV[2]) - tonumber(ARGV[3]) end
return {state[1] or '', state[2] or '0', redis.call('ZRANGE', KEYS[1], from, '+inf', 'BYSCORE', 'LIMIT', 0, ARGV[4])}`)

/** Runs a script by its digest; with its text where Redis does not know it yet. */
export async function run(
  connection: RedisConnection,
  { digest, text }: Script,
  keys: readonly [string, ...string[]],
  args: readonly (string | number)[],
): Promise<unknown> {
  const rest = [String(keys.length), ...keys, ...args.map(String)]
  try {
    return await connection.send(keys[0], ['EVALSHA', digest, ...rest])
  } catch (error) {
    if (!(error as Error).message.startsWith('NOSCRIPT')) throw error
    return connection.send(keys[0], ['EVAL', text, ...rest])
  }
}
