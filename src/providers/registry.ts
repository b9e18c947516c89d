/** Every provider, one line each. A new one is a folder here and a line below; a test holds the two together. */
import { mysql } from './mysql/mysql.ts';
import { postgres } from './postgres/postgres.ts';
import { redis } from './redis/redis.ts';
import type { AnyProvider } from './provider.ts';

export const PROVIDERS: readonly AnyProvider[] = [mysql, postgres, redis];

export const findProvider = (id: string): AnyProvider | undefined => PROVIDERS.find((provider) => provider.id === id);
