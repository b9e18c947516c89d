/** The guard in the cluster, which ends access at its deadline without Latchkey: seen by the lease that it renews. */
import { z } from 'zod';
import type { Api } from './api.ts';

const leaseSchema = z.looseObject({ spec: z.looseObject({ renewTime: z.string().nullish() }).nullish() });
const ALIVE_MS = 60_000;

export type Guard = 'none' | 'alive' | 'silent';

export const lookAtGuard = async (api: Api, signal: AbortSignal): Promise<Guard> => {
  const path = `/apis/coordination.k8s.io/v1/namespaces/${api.settings.namespace}/leases/latchkey-guard`;
  const { status, body, date } = await api.call(
    { method: 'GET', path, what: 'look at the guard', allowed: [403, 404] },
    signal,
  );
  if (status >= 300) return 'none';
  const renewed = Date.parse(leaseSchema.safeParse(body).data?.spec?.renewTime ?? '');
  return date.getTime() - renewed <= ALIVE_MS ? 'alive' : 'silent';
};
