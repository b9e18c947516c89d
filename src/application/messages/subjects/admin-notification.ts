/** Notifies admins of what belongs to no request: one message each, none twice, which says later what became of it. */
import { isDomainError } from '../../../domain/errors.ts';
import { sourceOf } from '../../../domain/policy/sources.ts';
import { LOOKUP_RETRY_MS } from '../scene.ts';
import type { OpenScene, SceneDeps, SyncOutcome } from '../scene.ts';

const findAdmins = async ({ policy, directory, log }: SceneDeps): Promise<string[] | SyncOutcome> => {
  const rules = policy();
  const admins = rules.admins.map((name) => sourceOf(rules, name));
  try {
    return (await directory.recentMembers(admins, null)).map(({ userId }) => userId);
  } catch (error) {
    if (!isDomainError(error)) throw error;
    log.error({ err: error }, 'the admins cannot be looked up; their notifications wait');
    return { outcome: 'retry', retryInMs: LOOKUP_RETRY_MS, error: error.code };
  }
};

export const openAdminNotification: OpenScene<'admin_notification'> = async (deps, id) => {
  const notification = await deps.store.read.adminNotification(id);
  if (!notification) return null;
  const admins = await findAdmins(deps);
  if ('outcome' in admins) return admins;
  return {
    version: notification.version,
    wanted: () => admins.map((audience) => ({ kind: 'notice', audience })),
    isCurrent: () => true,
    content: () => ({ subject: 'admin_notification', notification }),
  };
};
