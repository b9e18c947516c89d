/** An alert as a monitoring of one's own sends it: signed, to the address that docs/alerts.md describes. */
import { createHmac, randomUUID } from 'node:crypto';

export type AlertOptions = { appUrl: string; secret: string };

/** Throws a sentence for people where Latchkey does not take it. */
export const fireAlert = async ({ appUrl, secret }: AlertOptions): Promise<void> => {
  const body = JSON.stringify({
    key: `checkout-${randomUUID()}`,
    status: 'firing',
    title: 'p99 of checkout over 3 s',
    service: 'checkout',
    severity: 'high',
    url: 'https://grafana.acme.test/d/checkout',
  });
  const stamp = Math.floor(Date.now() / 1_000);
  const signature = createHmac('sha256', secret).update(`v1:${stamp}:${body}`).digest('hex');
  const answer = await fetch(`${appUrl}/hooks/alert`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-latchkey-timestamp': String(stamp),
      'x-latchkey-signature': `v1=${signature}`,
    },
    body,
  });
  if (!answer.ok) throw new Error(`Latchkey did not take the alert: ${answer.status} ${await answer.text()}`);
};
