/** One sentence for each code: what is wrong, and what to do. */
import type { ErrorCode, Facts } from '../../domain/errors.ts';

export type Sentences = Partial<Record<ErrorCode, (facts: Facts) => string>>;
