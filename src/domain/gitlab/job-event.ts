/** A job event of GitLab's webhook as a job that finished. gitlab-org/gitlab: lib/gitlab/data_builder/build.rb. */
import { z } from 'zod';
import type { Issuer } from '../clients/issuer.ts';

/** Ids are numbers at GitLab and text here. `page`: the project's address on its instance. */
export type FinishedJob = { page: string; projectId: string; pipeline: string; job: string };

/** `waiting`: a job waits for a click, as one does whose deployment waits for approvals. Or its deployment changed. */
export type ParsedJobEvent =
  | { finished: FinishedJob }
  | { waiting: string }
  | { ignored: string }
  | { problem: string };

const id = z.int().positive().transform(String);

const kind = z.object({ object_kind: z.string() });

const build = z.object({
  build_id: id,
  build_status: z.string().max(60),
  project_id: id,
  pipeline_id: id,
  repository: z.object({ homepage: z.url({ protocol: /^https?$/ }).max(2_000) }),
});

/** A retry is a job of its own, so a job in one of these states never runs again. `canceling` still runs its `after_script`. */
const FINISHED = new Set(['success', 'failed', 'canceled']);

const problemOf = ({ issues: [issue] }: z.ZodError): ParsedJobEvent => ({
  problem: `"${(issue?.path ?? []).join('.').slice(0, 100)}" ${issue?.message ?? 'has a wrong shape'}`,
});

export const parseJobEvent = (payload: unknown): ParsedJobEvent => {
  const named = kind.safeParse(payload);
  if (!named.success) return problemOf(named.error);
  const { object_kind: name } = named.data;
  if (name === 'deployment') return { waiting: name };
  if (name !== 'build') return { ignored: name.slice(0, 100) };
  const parsed = build.safeParse(payload);
  if (!parsed.success) return problemOf(parsed.error);
  const { build_status: status, build_id: job, project_id: projectId, pipeline_id: pipeline, repository } = parsed.data;
  if (status === 'manual') return { waiting: `build.${status}` };
  if (!FINISHED.has(status)) return { ignored: `build.${status}` };
  return { finished: { page: repository.homepage, projectId, pipeline, job } };
};

const prefixOf = ({ url }: Pick<Issuer, 'url'>): string => `${url.replace(/\/+$/, '')}/`;

/** The issuer whose instance has this project. An instance may lie below a path, so the longest address that fits is meant. */
export const issuerOf = (issuers: readonly Issuer[], { page }: Pick<FinishedJob, 'page'>): Issuer | null =>
  issuers
    .filter((issuer) => issuer.kind === 'gitlab' && page.startsWith(prefixOf(issuer)))
    .toSorted((a, b) => prefixOf(b).length - prefixOf(a).length)[0] ?? null;

/** What `jobOf` makes of the token of this job. */
export const gitlabJobKey = ({ url }: Pick<Issuer, 'url'>, { projectId, pipeline, job }: FinishedJob): string =>
  JSON.stringify([url, projectId, pipeline, '', job]);
