/** A person overrides a freeze in Slack, as journeys have it in common. */
import type { StoredView } from '../../sandbox/src/slack/types.ts';
import { blocksOf } from '../../sandbox/src/slack/messages.ts';
import { seen } from './world.ts';
import type { World } from './world.ts';

type Override = { who: string; id: string; channel: string };

/** Types the command in the channel, and gives the open view. */
export const openOverride = async (world: World, { who, id, channel }: Override): Promise<StoredView> => {
  const person = world.slack.as(who);
  await person.command('/prod-access', `override ${id}`, channel);
  return world.slack.waitFor(() => person.modals().find((view) => JSON.stringify(view).includes('Override a freeze')), {
    what: 'the view',
  });
};

/** In the channel of an open incident, which the view has chosen. Gives what was shown, and the answer. */
export const overrideFreeze = async (
  world: World,
  { reason = 'the payout is blocked until then', ...of }: Override & { reason?: string },
): Promise<{ shown: string; answer: string }> => {
  const shown = JSON.stringify(await openOverride(world, of));
  const person = world.slack.as(of.who);
  // An answer is text alone: in the channel for one person, or as a direct message.
  const answers = () =>
    [
      ...person.messages(of.channel).filter(({ ephemeralFor }) => ephemeralFor !== undefined),
      ...person.dmsWithApp(),
    ].filter((message) => blocksOf(message).length === 0);
  const before = answers().length;
  await person.type('reason', reason);
  const submitted = await person.submit();
  // What takes longer than Slack waits for is answered by a private message, in place of the view.
  if (person.modals().length === 0) {
    const late = await world.slack.waitFor(() => answers().at(before), { what: 'the answer', timeoutMs: 60_000 });
    return { shown, answer: seen(late) };
  }
  const answer = JSON.stringify([submitted, person.modals()]);
  await person.close();
  return { shown, answer };
};
