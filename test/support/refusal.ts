/** How work was refused, for tests that expect it to be. */
import { isDomainError } from '../../src/domain/errors.ts';
import type { DomainError } from '../../src/domain/errors.ts';

/** The refusal, or null where the work was done; any other failure is thrown on. */
export const refusalOf = async (work: Promise<unknown>): Promise<DomainError | null> => {
  try {
    await work;
    return null;
  } catch (error) {
    if (isDomainError(error)) return error;
    throw error;
  }
};

export const codeOf = async (work: Promise<unknown>): Promise<string> => (await refusalOf(work))?.code ?? 'done';

/** What could not be looked up and why, in one line that never holds the `secret` it was asked with. */
export const failedLookUp = async (work: Promise<unknown>, secret: string): Promise<string> => {
  const refusal = await refusalOf(work);
  if (refusal === null) return 'done';
  if (refusal.message.includes(secret)) throw new Error('the secret is in the message');
  return `${refusal.code} ${String(refusal.facts['what'])}: ${String(refusal.facts['why'])}`;
};
