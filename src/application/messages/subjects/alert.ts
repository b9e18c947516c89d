/** Posted once to each place that was chosen when the alert was routed, and updated when the alert changes or is resolved. */
import type { MessageCopy, WantedCopy } from '../message-ports.ts';
import type { OpenScene } from '../scene.ts';

/** The places themselves were stored with the route. Where a channel takes nothing, the people it is for are notified one by one. */
const insteadOfChannel = (
  notified: readonly string[],
  copies: readonly MessageCopy<'alert'>[],
): WantedCopy<'alert'>[] => {
  const isLost = copies.some(({ audience, failure }) => failure !== null && !notified.includes(audience));
  return isLost ? notified.map((audience) => ({ kind: 'alert', audience })) : [];
};

export const openAlert: OpenScene<'alert'> = async ({ store, policy }, id) => {
  const view = await store.read.alertView(id);
  if (!view) return null;
  const { alert } = view;
  return {
    version: alert.version,
    wanted: (copies) => insteadOfChannel(alert.notified, copies),
    // Resolved before anyone heard of it: there is nothing to do.
    isCurrent: () => alert.state !== 'resolved',
    content: ({ audience }) => ({ subject: 'alert', policy: policy(), view, audience }),
  };
};
