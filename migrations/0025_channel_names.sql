CREATE TABLE "channel_names" (
	"name" text PRIMARY KEY NOT NULL,
	"channel_id" text NOT NULL,
	"taken_by" text,
	"created_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "announcements" DROP CONSTRAINT "announcements_kind";--> statement-breakpoint
ALTER TABLE "announcements" ADD CONSTRAINT "announcements_kind" CHECK ("announcements"."kind" in ('policy_adopted', 'policy_rejected', 'overdue', 'overdue_resolved', 'revocation', 'drift_found', 'drift_asked', 'drift_repaired', 'address_doubted', 'channel_taken', 'group_gone'));