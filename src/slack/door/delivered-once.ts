/** The key by which Slack's second delivery of one click is known. Null where Slack names nothing: two that name nothing are not alike. */
export const deliveryKey = (kind: 'trigger' | 'view' | 'message', id: string): string | null =>
  id === '' ? null : `${kind}:${id}`;
