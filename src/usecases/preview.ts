/** What would happen if this were sent: the dry run of `ask`, from recent look-ups, with nothing stored. */
import { liveAccessOf } from './ask.ts';
import { allowedBy } from './ahead.ts';
import { askedPeople } from './asked-people.ts';
import { mayBreak } from './break-glass.ts';
import { openIncidentOf } from './incident-facts.ts';
import { defaultDurationMs, judge } from './judge.ts';
import type { Deps } from './ports.ts';
import type { PreviewInput, PreviewResult } from './types.ts';

export const preview = async (deps: Deps, input: PreviewInput): Promise<PreviewResult> => {
  const policy = deps.policy();
  const person = await deps.directory.person(input.userId);
  const ask = {
    target: input.target,
    role: input.role,
    durationMs: input.durationMs ?? defaultDurationMs(policy, input.target, input.role),
    reason: input.reason.trim(),
    ticket: input.ticket?.trim() || null,
  };
  const incident = await openIncidentOf(deps, input.incidentChannelId);
  const alert = input.alert ? await deps.store.read.alert(input.alert.id) : null;
  const verdict = await judge(deps, policy, { person, ask, freshness: 'recent', incident, alert });
  const asked = verdict.decision === 'ask' ? await askedPeople(deps, person, verdict.requirements) : [];
  const [mayBreakGlass, allowers, alreadyHas] = await Promise.all([
    mayBreak(deps, person, ask),
    allowedBy(deps, { person, verdict, ask }),
    liveAccessOf(deps, { personId: person.id, ...ask }),
  ]);
  const targetProblem = deps.access.problems()[input.target] ?? null;
  return { verdict, asked, targetProblem, mayBreakGlass, allowedBy: allowers, alreadyHas };
};
