/** The secrets of Latchkey itself, as the environment names them: no policy gives one to a target. */
import { realpathSync } from 'node:fs';

export const OWN_SECRETS = [
  'SLACK_BOT_TOKEN',
  'SLACK_APP_TOKEN',
  'SLACK_SIGNING_SECRET',
  'SLACK_CLIENT_SECRET',
  'DATABASE_URL',
  'POSTGRES_PASSWORD',
  'PGPASSWORD',
  'REDIS_URL',
  'LATCHKEY_SECRET_KEY',
  'LATCHKEY_AUDIT_KEY',
  'PAGERDUTY_TOKEN',
  'OPSGENIE_API_KEY',
  'PAGERDUTY_WEBHOOK_SECRET',
  'ALERTMANAGER_TOKEN',
  'ALERT_HOOK_SECRET',
  'LATCHKEY_GITHUB_APP_KEY',
  'LATCHKEY_GITHUB_WEBHOOK_SECRET',
  'LATCHKEY_GITLAB_TOKEN',
  'LATCHKEY_GITLAB_WEBHOOK_SECRET',
] as const;

const realPathOf = (file: string): string | null => {
  try {
    return realpathSync(file);
  } catch (error) {
    if (error instanceof Error && 'code' in error) return null;
    throw error;
  }
};

/** Whether it is the file of one of them, by whatever path. */
export const isOwnSecretFile = (file: string, env: Record<string, string | undefined>): boolean => {
  const real = realPathOf(file);
  return (
    real !== null &&
    OWN_SECRETS.some((name) => {
      const own = env[`${name}_FILE`]?.trim();
      return Boolean(own) && realPathOf(own ?? '') === real;
    })
  );
};
