CREATE TABLE "target_lists" (
	"list" text NOT NULL,
	"definition" text NOT NULL,
	"rows" text,
	"sha256" text,
	"tried_at" timestamp with time zone NOT NULL,
	"failing_since" timestamp with time zone,
	"problem" text,
	CONSTRAINT "target_lists_list_definition_pk" PRIMARY KEY("list","definition")
);
--> statement-breakpoint
ALTER TABLE "announcements" DROP CONSTRAINT "announcements_kind";--> statement-breakpoint
ALTER TABLE "announcements" ADD CONSTRAINT "announcements_kind" CHECK ("announcements"."kind" in ('policy_adopted', 'policy_rejected', 'calendar_changed', 'targets_found', 'list_unreadable', 'overdue', 'overdue_resolved', 'revocation', 'drift_found', 'drift_asked', 'drift_repaired', 'email_conflict', 'channel_taken', 'channel_gone', 'account_gone', 'group_gone', 'targets_unfit', 'user_group_moved', 'checkpoint_refused', 'key_revoked', 'app_removed', 'report_failed'));