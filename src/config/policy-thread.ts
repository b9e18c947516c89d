/** The thread that checks a large policy: reads and checks it, and hands back what can cross between threads. */
import { parentPort, workerData } from 'node:worker_threads';
import { loadPolicy } from './policy-file.ts';
import { packPolicy } from './packed-policy.ts';
import type { AsideInput } from './packed-policy.ts';
import type { ProviderSchema } from './policy-check.ts';

const { providersModule, ...input } = workerData as AsideInput;
const { PROVIDERS } = (await import(providersModule)) as { PROVIDERS: readonly ProviderSchema[] };
const loaded = loadPolicy({ ...input, providers: PROVIDERS });
parentPort?.postMessage('problems' in loaded ? loaded : { ...loaded, policy: packPolicy(loaded.policy) });
