/** What the app is made from. */
import type { ApiDoor } from './api.ts';
import type { Environment } from '../config/environment.ts';
import type { PolicyAuthor } from '../config/policy-author.ts';
import type { ConfigProblem } from '../config/problem.ts';
import type { Variables } from '../config/variable.ts';
import type { StoredRows } from './lists/complete-policy.ts';
import type { Policy } from '../domain/policy/types.ts';
import type { Jobs } from '../work/jobs.ts';
import type { Log } from '../lib/log.ts';
import type { OpenAccess } from '../providers/connections.ts';
import type { UseCases } from '../application/verbs.ts';
import type { Health } from '../http/ops/health.ts';

export type Part = 'web' | 'worker';
export type FirstPolicy = { policy: Policy; source: string; warnings: ConfigProblem[]; author: PolicyAuthor | null };
/** `env` fills the `${NAME}`s of the policy file. */
export type AppOptions = { environment: Environment; env: Variables; first: FirstPolicy; only: Part | null; log: Log };
/** Things that know each other in a circle: the store pokes the jobs, which are made from the store. */
export type Late = {
  jobs: Jobs | null;
  useCases: UseCases | null;
  health: Health | null;
  access: OpenAccess | null;
  api: ApiDoor | null;
  /** What a list of targets gave last. */
  storedRows: StoredRows | null;
};
