/** The clock that ends what was given for incidents that are over: by itself, soon, and without Redis. */
import { expect, it } from 'vitest';
import { hasEnded } from '../../src/domain/lifecycle.ts';
import { startIncidentEnds } from '../../src/work/timers.ts';
import { createInFlight } from '../../src/lib/pending-tasks.ts';
import { createLog } from '../../src/lib/log.ts';
import { until } from '../support/story.ts';
import { startIncidentRig } from '../application/incidents/incident-rig.ts';

it('everything of a closed incident is ended when its warning is over, and no sooner', async () => {
  const rig = await startIncidentRig();
  const failures: unknown[] = [];
  const inFlight = createInFlight((error) => failures.push(error));
  const clocks = [rig.useCases, rig.other].map((useCases) =>
    startIncidentEnds({ store: rig.store, useCases, log: createLog('silent') }, inFlight),
  );
  try {
    await rig.note();
    const views = await Promise.all([1, 2, 3].map(() => rig.ask()));
    await rig.settle();
    const { incident } = await rig.useCases.closeIncident({ userId: 'U0OSCAR', channelId: 'C0INC' });
    const grants = () => Promise.all(views.map((view) => rig.grantOf(view)));
    await until(async () => (await grants()).every(({ state }) => hasEnded(state)), 'the end of all three');
    const ends = await grants();
    for (const { endingAt } of ends)
      expect(endingAt?.getTime()).toBeGreaterThanOrEqual(incident.endsAt?.getTime() ?? Infinity);
    await inFlight.settled();
    expect(failures).toEqual([]);
  } finally {
    await Promise.all(clocks.map((clock) => clock.stop()));
    await rig.close();
  }
});
