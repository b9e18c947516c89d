CREATE TABLE "audit_keys" (
	"vkey" text PRIMARY KEY NOT NULL,
	"added_at" timestamp with time zone NOT NULL,
	"retired_at" timestamp with time zone
);
--> statement-breakpoint
ALTER TABLE "announcements" DROP CONSTRAINT "announcements_kind";--> statement-breakpoint
ALTER TABLE "announcements" ADD CONSTRAINT "announcements_kind" CHECK ("announcements"."kind" in ('policy_adopted', 'policy_rejected', 'overdue', 'overdue_resolved', 'revocation', 'drift_found', 'drift_asked', 'drift_repaired', 'address_doubted', 'channel_taken', 'group_gone', 'targets_unfit', 'user_group_moved', 'checkpoint_refused'));