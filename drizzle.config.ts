import { defineConfig } from 'drizzle-kit';

export default defineConfig({
  dialect: 'postgresql',
  schema: [
    './src/db/schema.ts',
    './src/db/schema-audit.ts',
    './src/db/schema-notices.ts',
    './src/db/schema-addresses.ts',
    './src/db/schema-asks.ts',
    './src/db/schema-exceptions.ts',
    './src/db/schema-extensions.ts',
    './src/db/schema-incidents.ts',
    './src/db/schema-revocations.ts',
    './src/db/schema-alerts.ts',
    './src/db/schema-drift.ts',
    './src/db/schema-use.ts',
    './src/db/schema-limits.ts',
    './src/db/schema-replays.ts',
  ],
  out: './migrations',
  migrations: { schema: 'public', table: 'schema_migrations' },
});
