CREATE TABLE "slack_installations" (
	"id" text collate "C" PRIMARY KEY NOT NULL,
	"enterprise_id" text NOT NULL,
	"team_id" text,
	"name" text NOT NULL,
	"bot_id" text NOT NULL,
	"bot_user_id" text NOT NULL,
	"scopes" jsonb NOT NULL,
	"key_id" text NOT NULL,
	"nonce" "bytea" NOT NULL,
	"ciphertext" "bytea" NOT NULL,
	"expires_at" timestamp with time zone,
	"installed_at" timestamp with time zone NOT NULL,
	"renewing_until" timestamp with time zone
);
--> statement-breakpoint
ALTER TABLE "announcements" DROP CONSTRAINT "announcements_kind";--> statement-breakpoint
ALTER TABLE "announcements" ADD CONSTRAINT "announcements_kind" CHECK ("announcements"."kind" in ('policy_adopted', 'policy_rejected', 'calendar_changed', 'overdue', 'overdue_resolved', 'revocation', 'drift_found', 'drift_asked', 'drift_repaired', 'email_conflict', 'channel_taken', 'channel_gone', 'account_gone', 'group_gone', 'targets_unfit', 'user_group_moved', 'checkpoint_refused', 'key_revoked', 'app_removed'));