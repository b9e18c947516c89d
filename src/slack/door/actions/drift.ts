/** An admin says what becomes of many differences at once; who may is judged when it is clicked. */
import { ACTION } from '../../messages/render/buttons.ts';
import type { Action } from '../context.ts';

export const repairDrift: Action = {
  id: ACTION.repairDrift,
  run: async ({ slack, userId, value: batchId, reply }) => {
    const { batch } = await slack.useCases.decideDrift({ userId, batchId, isRepairing: true });
    await reply({ text: `These ${batch.count} are being repaired. You get a message with the result.` });
    await slack.useCases.repairBatch({ batchId });
  },
};

export const leaveDrift: Action = {
  id: ACTION.leaveDrift,
  run: async ({ slack, userId, value: batchId, reply }) => {
    await slack.useCases.decideDrift({ userId, batchId, isRepairing: false });
    await reply({ text: 'Left as it is. You get no further message about these differences.' });
  },
};
