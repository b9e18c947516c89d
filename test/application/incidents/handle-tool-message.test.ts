/** Messages of an incident tool, also late ones. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { policyOf, startIncidentRig } from './incident-rig.ts';
import type { IncidentRig } from './incident-rig.ts';

const SETTINGS = `channels: ["inc-*"], warning: 1h, open_by: [sre], tool: { users: [B0TOOL], opens: "^Declared", closes: "^Resolved" }`;

let rig: IncidentRig;
beforeEach(async () => {
  rig = await startIncidentRig();
  rig.setPolicy(policyOf(SETTINGS));
});
afterEach(() => rig.close());

const CHANNEL = { channelId: 'C0INC', name: 'inc-checkout', topic: '', purpose: '', isPrivate: false };

describe('a message of the tool that comes late', () => {
  const say = (text: string, postedAt: Date) =>
    rig.useCases.handleToolMessage({ channel: CHANNEL, userIds: ['B0TOOL'], text, postedAt });

  it('opens nothing that was closed after it was posted, and a newer one does', async () => {
    const declaredAt = new Date();
    expect(await say('Declared', declaredAt)).toMatchObject({ outcome: 'opened' });
    expect(await say('Resolved', new Date(Date.now() + 1_000))).toMatchObject({ outcome: 'closed' });
    expect(await say('Declared', declaredAt)).toMatchObject({ outcome: 'nothing', incident: { state: 'closed' } });
    expect(await say('Declared', new Date(Date.now() + 60_000))).toMatchObject({ outcome: 'reopened' });
  });
});
