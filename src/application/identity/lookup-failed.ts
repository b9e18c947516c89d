import { DomainError } from '../../domain/errors.ts';
import type { Directory } from './directory.ts';

/** Groups of the policy that could not be read. Where one cannot be until somebody fixes something, it says so: to try again would change nothing. */
export const lookupFailed = (directory: Pick<Directory, 'whyUnreadable'>, groups: readonly string[]): DomainError => {
  const lasting = [...new Set(groups.flatMap((name) => directory.whyUnreadable(name) ?? []))];
  const facts = { what: groups.join(', ') };
  return new DomainError('lookup_failed', lasting.length > 0 ? { ...facts, lasting, isNotified: true } : facts);
};
