/** What use cases need of the services that keep rotas. */
import type { OnCallName } from '../../domain/policy/types.ts';

/** Somebody on call, as the service that keeps the schedule says; `level` is the tier of escalation, from 1. */
export type Shift = { email: string | null; level: number };

/** Who is on call now, read now. Rejects with `lookup_failed`, whose facts name the schedule. */
export type OnCall = { shifts(schedule: string): Promise<Shift[]> };
/** null where the service is not configured. */
export type OnCallServices = Record<OnCallName, OnCall | null>;
