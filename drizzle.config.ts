import { defineConfig } from 'drizzle-kit';

export default defineConfig({
  dialect: 'postgresql',
  schema: [
    './src/store/schema/principals.ts',
    './src/store/schema/requests.ts',
    './src/store/schema/audit.ts',
    './src/store/schema/notices.ts',
    './src/store/schema/email-bindings.ts',
    './src/store/schema/user-groups.ts',
    './src/store/schema/request-evaluations.ts',
    './src/store/schema/exceptions.ts',
    './src/store/schema/extensions.ts',
    './src/store/schema/incidents.ts',
    './src/store/schema/revocations.ts',
    './src/store/schema/alerts.ts',
    './src/store/schema/drift.ts',
    './src/store/schema/usage.ts',
    './src/store/schema/limits.ts',
    './src/store/schema/replays.ts',
    './src/store/schema/heartbeats.ts',
    './src/store/schema/slack.ts',
  ],
  out: './migrations',
  migrations: { schema: 'public', table: 'schema_migrations' },
});
