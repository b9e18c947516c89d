/** What is wrong with incidents and alerts. */
import { sentenceList } from '../messages/render/text.ts';
import { list, words } from './facts.ts';
import type { Sentences } from './sentences.ts';

export const INCIDENT_SENTENCES = {
  incidents_off: () => 'Incidents are not set up here. An admin of Latchkey can add `incidents:` to the policy.',
  incident_not_found: () =>
    'There is no incident in this channel. `/prod-access incident` opens one; invite Latchkey here first.',
  incident_closed: (facts) =>
    `The incident${words(facts, 'channel') ? ` of #${words(facts, 'channel') ?? ''}` : ''} was closed, so nothing was sent. Request access without it, or reopen it with \`/prod-access incident\`.`,
  incident_who: (facts) => {
    const who = list(facts, 'who');
    return `Only those who may open incidents${who.length > 0 ? ` (${sentenceList(who, 'or')})` : ''} may do this. Nothing was changed.`;
  },
  bad_severity: (facts) =>
    `${words(facts, 'text') ? `\`${words(facts, 'text') ?? ''}\`` : 'That'} is no severity${words(facts, 'pattern') ? `: it must match \`${words(facts, 'pattern') ?? ''}\`` : '. Write it like sev1 or p2, or `none`'}.`,
  keep_needless: () => 'This access does not end with an incident now, so there is nothing to keep.',
  keep_too_late: () => 'The incident is over and its access is being ended. Request it again if you still need it.',
  keep_denied: (facts) => {
    const who = list(facts, 'who');
    if (who.length > 0)
      return `Only ${sentenceList(who, 'or')} may keep access beyond an incident. Request it again without the incident.`;
    return `Without the incident the rules would not give you this${words(facts, 'rule') ? ` (rule “${words(facts, 'rule') ?? ''}”)` : ''}, so it ends with it. Request it again for a new decision.`;
  },
  alert_not_found: () =>
    'There is no such alert any more, or the policy no longer has a role for it. Request access with `/prod-access`.',
  alert_resolved: () =>
    'This alert is resolved, so nothing was requested. If you still need access, request it with `/prod-access`.',
  alert_not_automatic: () =>
    'No rule gives access for this alert by itself. Use its button, or request access with `/prod-access`.',
} satisfies Sentences;
