/** What a look at Redis runs there: each command that the queues need, once. */
import { createHash } from 'node:crypto';

/** What BullMQ's scripts call. One user may lack any of it; a key of each type is made and removed. */
export const COMMANDS = [
  'SET|1',
  'GET',
  'INCR',
  'INCRBY|1',
  'EXISTS',
  'PEXPIRE|60000',
  'PEXPIREAT|9999999999999',
  'PTTL',
  'PERSIST',
  'TYPE',
  'DEL',
  'HSET|f|1',
  'HMSET|f|1',
  'HGET|f',
  'HMGET|f',
  'HGETALL',
  'HINCRBY|f|1',
  'HEXISTS|f',
  'HLEN',
  'HDEL|f',
  'LPUSH|a',
  'RPUSH|b',
  'LLEN',
  'LRANGE|0|-1',
  'LINDEX|0',
  'LPOS|a',
  'LSET|0|a',
  'LTRIM|0|9',
  'LREM|0|a',
  'LPOP',
  'RPOP',
  'SADD|a',
  'SCARD',
  'SISMEMBER|a',
  'SMEMBERS',
  'SREM|a',
  'ZADD|1|a',
  'ZCARD',
  'ZCOUNT|0|1',
  'ZLEXCOUNT|-|+',
  'ZSCORE|a',
  'ZRANGE|0|0',
  'ZREVRANGE|0|0',
  'ZRANGEBYLEX|-|+',
  'ZRANGEBYSCORE|0|1',
  'ZREVRANGEBYSCORE|1|0',
  'ZREMRANGEBYSCORE|2|3',
  'ZREMRANGEBYRANK|2|3',
  'ZPOPMIN',
  'ZREM|a',
  'XADD|*|a|b',
  'XLEN',
  'XRANGE|-|+',
  'XTRIM|MAXLEN|1',
  'XDEL|0-1',
  'UNLINK',
].map((line) => line.split('|'));

export const TYPES: Record<string, string> = {
  wait: 'list',
  paused: 'list',
  active: 'list',
  delayed: 'zset',
  prioritized: 'zset',
  marker: 'zset',
  completed: 'zset',
  failed: 'zset',
  meta: 'hash',
  events: 'stream',
  stalled: 'set',
  id: 'string',
  pc: 'string',
};

/** Runs each command on a key of its own, then looks whether the queues' keys are what BullMQ makes of them. */
export const SCRIPT = `
redis.call('DEL', KEYS[1])
for _, command in ipairs(cjson.decode(ARGV[1])) do
  redis.call(command[1], KEYS[1], unpack(command, 2))
end
redis.call('TIME')
redis.call('RPOPLPUSH', KEYS[1], KEYS[1])
for at, wanted in ipairs(cjson.decode(ARGV[2])) do
  local found = redis.call('TYPE', KEYS[at + 1])['ok']
  if found ~= 'none' and found ~= wanted then return KEYS[at + 1] end
end
return ''`;
export const SHA = createHash('sha1').update(SCRIPT).digest('hex');
