/** Keeps where the app is installed. Where it was removed, admins are notified, and grants go on and end on time. */
import { SYSTEM } from '../../domain/audit/events.ts';
import { closeNotification, keyOf, notifyAdmins } from '../record/notify-admins.ts';
import type { Ids, Store } from '../deps.ts';
import type { InstallationBook } from './installation-ports.ts';

type BookDeps = { store: Pick<Store, 'transaction'> & { read: Pick<Store['read'], 'installations'> }; ids: Ids };

const KIND = 'app_removed';
const ABOUT_NONE = { requestId: null, grantId: null, target: null, role: null } as const;

export const createInstallationBook = ({ store, ids }: BookDeps): InstallationBook => ({
  list: store.read.installations,
  add: (installation, installedBy) =>
    store.transaction(async (tx) => {
      const { id, name, scopes } = installation;
      await tx.installations.put(installation);
      const data = { workspace: id, title: name, scopes, installedBy };
      await tx.audit.append({ ...ABOUT_NONE, type: 'slack_app.installed', actor: SYSTEM, data });
      await closeNotification(tx, keyOf(KIND, id), 'The app is installed again.');
    }),
  remove: ({ id, name }, why) =>
    store.transaction(async (tx) => {
      if (!(await tx.installations.remove(id))) return;
      const data = { workspace: id, title: name, why };
      await tx.audit.append({ ...ABOUT_NONE, type: 'slack_app.removed', actor: SYSTEM, data });
      await notifyAdmins(tx, ids, {
        kind: KIND,
        about: id,
        untilClosed: true,
        lines: [
          `The app was removed from ${name} (${id}), or its token was revoked there: Slack says ${why}.`,
          'Nobody there can request or approve, and messages there are not kept up to date. To change that, open /slack/install at the public address of Latchkey.',
        ],
      });
    }),
  distrust: (enterpriseId) => store.transaction((tx) => tx.installations.distrust(enterpriseId)),
  claimRenewal: (id, forMs) => store.transaction((tx) => tx.installations.claimRenewal(id, forMs)),
  setTokens: (id, tokens) => store.transaction((tx) => tx.installations.setTokens(id, tokens)),
});
