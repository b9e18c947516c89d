/** What plain apps show in tests. */
export const plain = (text: string) => ({ type: 'plain_text' as const, text });

/** A modal with a text and a list that the app fills. */
export const form = (more: object = {}) => ({
  type: 'modal' as const,
  callback_id: 'form',
  title: plain('Ask'),
  submit: plain('Send'),
  blocks: [
    {
      type: 'input' as const,
      block_id: 'reason',
      label: plain('Reason'),
      element: { type: 'plain_text_input' as const, action_id: 'reason' },
    },
    {
      type: 'input' as const,
      block_id: 'target',
      optional: true,
      dispatch_action: true,
      label: plain('Target'),
      element: { type: 'external_select' as const, action_id: 'target', min_query_length: 0 },
    },
  ],
  ...more,
});
