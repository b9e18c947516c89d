CREATE TABLE "moved_target_names" (
	"target" text NOT NULL,
	"name" text NOT NULL,
	"thing_id" text NOT NULL,
	"found_at" timestamp with time zone NOT NULL,
	CONSTRAINT "moved_target_names_target_name_thing_id_pk" PRIMARY KEY("target","name","thing_id")
);
--> statement-breakpoint
CREATE TABLE "target_names" (
	"target" text NOT NULL,
	"name" text NOT NULL,
	"thing_id" text NOT NULL,
	"bound_at" timestamp with time zone NOT NULL,
	CONSTRAINT "target_names_target_name_pk" PRIMARY KEY("target","name")
);
--> statement-breakpoint
ALTER TABLE "announcements" DROP CONSTRAINT "announcements_kind";--> statement-breakpoint
ALTER TABLE "announcements" ADD CONSTRAINT "announcements_kind" CHECK ("announcements"."kind" in ('policy_adopted', 'policy_rejected', 'calendar_changed', 'targets_found', 'list_unreadable', 'overdue', 'overdue_resolved', 'revocation', 'drift_found', 'drift_asked', 'drift_repaired', 'email_conflict', 'channel_taken', 'channel_gone', 'account_gone', 'group_gone', 'targets_unfit', 'user_group_moved', 'target_name_moved', 'checkpoint_refused', 'key_revoked', 'app_removed', 'report_failed'));