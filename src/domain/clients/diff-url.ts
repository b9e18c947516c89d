/** Where to read what a job would bring: from the commit that was approved last to its own. Made of the address of its run alone. */
import type { ClientJob, IssuerKind } from '../principals/client.ts';

/** By kind: what of a run's address is the repository's, and how a commit and a comparison are written below it. */
const HOSTS: Partial<Record<IssuerKind, { run: RegExp; below: string }>> = {
  github: { run: /\/actions\/runs\/[^/?#]+.*$/, below: '/' },
  gitlab: { run: /\/-\/jobs\/[^/?#]+.*$/, below: '/-/' },
};
const SHA = /^[0-9a-f]{7,64}$/i;

/** `before`: null where nothing was approved yet. Null where the kind of the CI has no such page, or the job has no commit. */
export const diffUrlOf = (
  kind: IssuerKind,
  { runUrl, sha }: Pick<ClientJob, 'runUrl' | 'sha'>,
  before: string | null,
): string | null => {
  const host = HOSTS[kind];
  if (!host || runUrl === null || !host.run.test(runUrl) || !SHA.test(sha)) return null;
  const base = runUrl.replace(host.run, host.below);
  const isMoved = before !== null && before !== sha && SHA.test(before);
  return isMoved ? `${base}compare/${before}...${sha}` : `${base}commit/${sha}`;
};
