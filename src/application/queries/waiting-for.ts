/** Whom a request waits for, by name: for those who cannot see the message in Slack. Recent look-ups serve. */
import { potentialApprovers } from '../decisions/potential-approvers.ts';
import type { Deps } from '../deps.ts';
import type { RequestView } from '../record/request-view.ts';

const NAMES_MAX = 20;

/** Where no one could be looked up, what the rule says: `owners`. */
export const waitingFor = async (deps: Deps, { request, requester }: RequestView): Promise<string[]> => {
  if (request.state !== 'pending') return [];
  const found = await potentialApprovers(deps, requester, request.requirements);
  const names = found.flatMap(({ label, people }) => (people.length > 0 ? people.map(({ name }) => name) : [label]));
  return [...new Set(names)].slice(0, NAMES_MAX);
};
