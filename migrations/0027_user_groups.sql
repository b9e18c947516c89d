CREATE TABLE "moved_user_group_handles" (
	"team_id" text NOT NULL,
	"handle" text NOT NULL,
	"group_id" text NOT NULL,
	"told_at" timestamp with time zone NOT NULL,
	CONSTRAINT "moved_user_group_handles_team_id_handle_group_id_pk" PRIMARY KEY("team_id","handle","group_id")
);
--> statement-breakpoint
CREATE TABLE "user_group_handles" (
	"team_id" text NOT NULL,
	"handle" text NOT NULL,
	"group_id" text NOT NULL,
	"bound_at" timestamp with time zone NOT NULL,
	CONSTRAINT "user_group_handles_team_id_handle_pk" PRIMARY KEY("team_id","handle")
);
--> statement-breakpoint
ALTER TABLE "announcements" DROP CONSTRAINT "announcements_kind";--> statement-breakpoint
ALTER TABLE "announcements" ADD CONSTRAINT "announcements_kind" CHECK ("announcements"."kind" in ('policy_adopted', 'policy_rejected', 'overdue', 'overdue_resolved', 'revocation', 'drift_found', 'drift_asked', 'drift_repaired', 'address_doubted', 'channel_taken', 'group_gone', 'targets_unfit', 'user_group_moved'));