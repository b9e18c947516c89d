/** A message of the incident tool, as the policy names it, opens or closes the incident of its channel. */
import { meaningOf } from '../../domain/incidents/tool-message.ts';
import { close } from './incident-changes.ts';
import type { Doer } from './incident-changes.ts';
import type { ToolMessageInput, ToolMessageResult } from './incident-types.ts';
import { open } from './open-incident.ts';
import type { Deps } from '../deps.ts';

export const handleToolMessage = async (deps: Deps, input: ToolMessageInput): Promise<ToolMessageResult> => {
  const { incidents } = deps.policy();
  const said = incidents?.tool ? meaningOf(incidents.tool, input) : null;
  if (!incidents || !said) return { outcome: 'nothing', incident: null };
  const doer: Doer = { person: null, userId: said.by, isTrusted: true };
  return deps.store.transaction(async (tx): Promise<ToolMessageResult> => {
    if (said.means === 'close') {
      const incident = await tx.incidents.lockOfChannel(input.channel.channelId);
      if (incident?.state !== 'open' || input.postedAt < incident.openedAt) return { outcome: 'nothing', incident };
      return { outcome: 'closed', incident: await close(tx, incidents, { incident, doer, cause: 'tool' }) };
    }
    const last = await tx.incidents.lockOfChannel(input.channel.channelId);
    // Delivered late or again: what it opened is over since, and its planned ends stay where they are.
    if (last?.closedAt && last.state !== 'open' && input.postedAt <= last.closedAt)
      return { outcome: 'nothing', incident: last };
    const { outcome, incident } = await open(tx, {
      deps,
      incidents,
      channel: input.channel,
      how: 'tool',
      doer,
      severity: null,
    });
    return { outcome: outcome === 'opened' || outcome === 'reopened' ? outcome : 'nothing', incident };
  });
};
