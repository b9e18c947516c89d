import type { EvaluationRecord } from '../../domain/policy/past.ts';

export type RequestEvaluation = {
  requestId: string | null;
  requesterId: string;
  judgedAt: Date;
  record: EvaluationRecord;
};
