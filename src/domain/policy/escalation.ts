/** Whom a request is open to once it was silent for too long: those the rule asks, and those it falls back on. */
import type { Request, Requirement, Source } from '../requests/request.ts';
import { sourceKey } from './sources.ts';

/** Each requirement may then be filled by the others too; it still takes as many people, and everyone still counts once. */
export const widened = (requirements: readonly Requirement[], to: Source | null): Requirement[] =>
  requirements.map((requirement) => {
    if (to === null || requirement.from.some((source) => sourceKey(source) === sourceKey(to))) return requirement;
    const also = requirement.also?.filter((source) => sourceKey(source) !== sourceKey(to));
    return { ...requirement, from: [...requirement.from, to], ...(also ? { also } : {}) };
  });

export const openRequirements = (
  request: Pick<Request, 'requirements' | 'escalatedAt' | 'escalateTo'>,
): Requirement[] => widened(request.requirements, request.escalatedAt ? request.escalateTo : null);
