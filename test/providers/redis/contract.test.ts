import { redis } from '../../../src/providers/redis/redis.ts';
import { holdToContract } from '../contract.ts';
import { WORLDS } from './world.ts';

for (const world of WORLDS) holdToContract(redis, world);
