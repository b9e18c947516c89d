/** Checks of a commit in a few words. */
export type CommitCheck = { id: string; name: string; state: 'passed' | 'failed' | 'running' };

const NAMED_MAX = 3;

/** `5 passed, 1 failed (lint), 1 running`; null where there is none. */
export const checksText = (checks: readonly CommitCheck[]): string | null => {
  const of = (state: CommitCheck['state']): CommitCheck[] => checks.filter((one) => one.state === state);
  const [passed, failed, running] = [of('passed'), of('failed'), of('running')];
  const names = failed.slice(0, NAMED_MAX).map(({ name }) => name);
  const more = failed.length > NAMED_MAX ? ', …' : '';
  const parts = [
    passed.length > 0 ? `${passed.length} passed` : '',
    failed.length > 0 ? `${failed.length} failed (${names.join(', ')}${more})` : '',
    running.length > 0 ? `${running.length} running` : '',
  ].filter((part) => part !== '');
  return parts.length > 0 ? parts.join(', ') : null;
};
