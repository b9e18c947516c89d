/** A Kubernetes target, end to end: requested in Slack, approved, used for real, refused at its end, and gone. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bindingsOf, createTarget, itemsIn, openCluster, RBAC, rule } from '../providers/kubernetes/target.ts';
import type { Cluster, Target } from '../providers/kubernetes/target.ts';
import { createShowing, storyOf, until, untilRemoved } from '../support/story.ts';
import type { Story } from '../support/story.ts';
import { seen, startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

let cluster: Cluster;
let target: Target;
let world: World;
let story: Story;
let credentials: ReturnType<typeof createShowing>;

const rolesOf = ({ config, app, own, scopes }: Target): string => `
      read: { scope: { member_of: [GROUP_READ] }, max: 4h, default: 30m }
      write: { scope: { member_of: [GROUP_WRITE] }, max: 1h, default: 15m }
  shop:
    title: Shop cluster
    provider: kubernetes
    config: { server: "${config['server'] as string}", ca: "\${SHOP_CA}", token: "\${SHOP_TOKEN}", namespace: ${own} }
    identity: { user: "oidc:{email}" }
    owners: [dba]
    channel: "#prod-access"
    roles:
      view: { title: View, scope: { cluster_role: ${scopes['read']?.['cluster_role'] as string}, namespaces: [${app}], subject: token }, max: 4h, default: 6s }
      mine: { title: Shell, scope: { cluster_role: ${scopes['shell']?.['cluster_role'] as string}, namespaces: [${app}], subject: person }, max: 1h, default: 30m }`;

beforeAll(async () => {
  cluster = await openCluster();
  target = await createTarget(cluster, {
    roles: { shell: [rule(['pods'], ['get', 'list']), rule(['pods/exec'], ['create'])] },
    scopes: ({ app, id }) => ({ shell: { cluster_role: `shell-${id}`, namespaces: [app], subject: 'person' } }),
  });
  world = await startWorld({ roles: rolesOf(target) });
  Object.assign(world.env, { SHOP_CA: cluster.ca, SHOP_TOKEN: target.token });
  story = storyOf(world);
  credentials = createShowing(world, 'https');
  await world.start();
});
afterAll(async () => {
  await world.stop();
  await cluster.stop();
});

const bindings = async (): Promise<string[]> => {
  const list = await cluster.admin('GET', `${RBAC}/namespaces/${target.app}/rolebindings`);
  return itemsIn(list)
    .map(({ metadata }) => metadata.name)
    .filter((name) => name.startsWith('lk-'));
};
const statusBy = async (token: string, path: string): Promise<number> => (await cluster.as(token)('GET', path)).status;

test('requested in one line, approved, used with the token that was shown, refused at its expiry, and gone', async () => {
  const configmaps = `/api/v1/namespaces/${target.app}/configmaps`;
  const message = await story.ask('ada', 'shop view 6s checkout errors after the release');
  expect(seen(message)).toContain('Latchkey ends it; the target does not end it by itself.');
  await world.slack.as('olga').click(message, 'approve');
  const { text } = await credentials('ada');
  for (const label of ['Server', 'Token', 'Kubeconfig']) expect(text).toContain(`*${label}*`);
  const token = /token: ([\w.-]+)/.exec(text)?.[1] ?? '';
  expect(await statusBy(token, configmaps)).toBe(200);
  expect(await statusBy(token, `/api/v1/namespaces/${target.app}/secrets`)).toBe(403);
  expect(await bindings()).toHaveLength(1);
  await until(async () => (await statusBy(token, configmaps)) !== 200, 'the refusal');
  await story.dm('ada', '*Ended*');
  await untilRemoved(world);
  expect(await bindings()).toEqual([]);
  expect([401, 403]).toContain(await statusBy(token, configmaps));
  const [recorded] = await world.sql<{ data: string; grant_id: string }>(
    `select data from audit_events where type = 'grant.removed'`,
  );
  expect(JSON.parse(recorded?.data ?? '{}')).toMatchObject({ endsBy: 'revoke' });
});

test('for a person: approvers read the name in the cluster, what is not cut and what may stay; given back, it is gone', async () => {
  const message = await story.ask('ada', 'shop mine 30m look at the queue');
  expect(seen(message)).toContain('oidc:ada@');
  expect(seen(message)).toContain('kubectl exec that is open goes on until the process or the pod ends.');
  expect(seen(message)).toContain('can read the token of its service account');
  await world.slack.as('olga').click(message, 'approve');
  const shown = await story.dm('ada', 'show_credentials');
  const [name = ''] = await bindings();
  const made = (await cluster.admin('GET', `${RBAC}/namespaces/${target.app}/rolebindings/${name}`)).body;
  expect(made).toMatchObject({ subjects: [{ kind: 'User', name: expect.stringMatching(/^oidc:ada@/) as string }] });
  await world.slack.as('ada').click(shown, 'done');
  const ended = seen(await story.dm('ada', 'Shop cluster · Shell*: *Ended*'));
  expect(ended).toContain('It lets no one in any more, confirmed by the target.');
  expect(ended).toContain('*Not cut at the end:* kubectl exec');
  expect(ended).not.toContain('no session is left');
  await untilRemoved(world);
  expect(await bindings()).toEqual([]);
  expect(await bindingsOf(target, name.replace('lk-', ''))).toEqual([]);
});
