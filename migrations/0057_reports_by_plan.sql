CREATE TABLE "report_deliveries" (
	"run_id" text collate "C" NOT NULL,
	"place" text NOT NULL,
	"delivered_at" timestamp with time zone NOT NULL,
	CONSTRAINT "report_deliveries_run_id_place_pk" PRIMARY KEY("run_id","place")
);
--> statement-breakpoint
CREATE TABLE "report_files" (
	"run_id" text collate "C" NOT NULL,
	"name" text NOT NULL,
	"part" integer NOT NULL,
	"position" bigint GENERATED ALWAYS AS IDENTITY (sequence name "report_files_position_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"content" "bytea" NOT NULL,
	CONSTRAINT "report_files_run_id_name_part_pk" PRIMARY KEY("run_id","name","part")
);
--> statement-breakpoint
CREATE TABLE "report_plans" (
	"name" text NOT NULL,
	"every" text NOT NULL,
	"since" timestamp with time zone NOT NULL,
	CONSTRAINT "report_plans_name_every_pk" PRIMARY KEY("name","every"),
	CONSTRAINT "report_plans_every" CHECK ("report_plans"."every" in ('month', 'quarter', 'year'))
);
--> statement-breakpoint
CREATE TABLE "report_runs" (
	"id" text collate "C" PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"period" text NOT NULL,
	"state" text DEFAULT 'due' NOT NULL,
	"manifest" text,
	"facts" jsonb,
	"created_at" timestamp with time zone NOT NULL,
	"made_at" timestamp with time zone,
	"over_at" timestamp with time zone,
	CONSTRAINT "report_runs_once_a_period" UNIQUE("name","period"),
	CONSTRAINT "report_runs_state" CHECK ("report_runs"."state" in ('due', 'made', 'over')),
	CONSTRAINT "report_runs_made" CHECK (("report_runs"."made_at" is null) = ("report_runs"."manifest" is null)),
	CONSTRAINT "report_runs_over" CHECK (("report_runs"."state" = 'over') = ("report_runs"."over_at" is not null))
);
--> statement-breakpoint
ALTER TABLE "outbox" DROP CONSTRAINT "outbox_kind";--> statement-breakpoint
ALTER TABLE "announcements" DROP CONSTRAINT "announcements_kind";--> statement-breakpoint
ALTER TABLE "message_leases" DROP CONSTRAINT "message_leases_subject";--> statement-breakpoint
ALTER TABLE "messages" DROP CONSTRAINT "messages_kind";--> statement-breakpoint
ALTER TABLE "report_deliveries" ADD CONSTRAINT "report_deliveries_run_id_report_runs_id_fk" FOREIGN KEY ("run_id") REFERENCES "public"."report_runs"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "report_files" ADD CONSTRAINT "report_files_run_id_report_runs_id_fk" FOREIGN KEY ("run_id") REFERENCES "public"."report_runs"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "outbox" ADD CONSTRAINT "outbox_kind" CHECK ("outbox"."kind" in ('activate', 'end', 'extend', 'notify', 'announce', 'pre_approval', 'incident', 'revocation', 'alert', 'github', 'campaign', 'report'));--> statement-breakpoint
ALTER TABLE "announcements" ADD CONSTRAINT "announcements_kind" CHECK ("announcements"."kind" in ('policy_adopted', 'policy_rejected', 'calendar_changed', 'overdue', 'overdue_resolved', 'revocation', 'drift_found', 'drift_asked', 'drift_repaired', 'email_conflict', 'channel_taken', 'channel_gone', 'account_gone', 'group_gone', 'targets_unfit', 'user_group_moved', 'checkpoint_refused', 'key_revoked', 'app_removed', 'report_failed'));--> statement-breakpoint
ALTER TABLE "message_leases" ADD CONSTRAINT "message_leases_subject" CHECK ("message_leases"."subject_kind" in ('request', 'incident', 'alert', 'pre_approval', 'revocation', 'admin_notification', 'campaign', 'report'));--> statement-breakpoint
ALTER TABLE "messages" ADD CONSTRAINT "messages_kind" CHECK (("messages"."subject_kind", "messages"."kind") in (('request', 'approval'), ('request', 'requester'), ('request', 'granted'), ('request', 'warning'), ('request', 'outcome'), ('request', 'stuck'), ('request', 'alarm'), ('request', 'banner'), ('request', 'review'), ('request', 'review_overdue'), ('request', 'reviewed'), ('request', 'changed'), ('request', 'reminder'), ('request', 'escalation'), ('request', 'discussion'), ('incident', 'prompt'), ('incident', 'closing'), ('incident', 'timeline'), ('incident', 'files'), ('incident', 'opener'), ('incident', 'notice'), ('alert', 'alert'), ('pre_approval', 'pre_approval'), ('revocation', 'progress'), ('admin_notification', 'notice'), ('campaign', 'lines'), ('campaign', 'advice'), ('campaign', 'advice_files'), ('report', 'report'), ('report', 'files')));