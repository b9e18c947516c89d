CREATE TABLE "overdue_episodes" (
	"id" text collate "C" PRIMARY KEY NOT NULL,
	"opened_at" timestamp with time zone NOT NULL,
	"worst_ms" bigint DEFAULT 0 NOT NULL,
	"alerts" integer DEFAULT 0 NOT NULL,
	"next_alert_at" timestamp with time zone NOT NULL,
	"closed_at" timestamp with time zone
);
--> statement-breakpoint
ALTER TABLE "announcements" DROP CONSTRAINT "announcements_kind";--> statement-breakpoint
ALTER TABLE "grants" ADD COLUMN "last_error_kind" text;--> statement-breakpoint
ALTER TABLE "announcement_copies" ADD COLUMN "channel" text;--> statement-breakpoint
ALTER TABLE "announcement_copies" ADD COLUMN "ts" text;--> statement-breakpoint
ALTER TABLE "announcement_copies" ADD COLUMN "drawn_version" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "announcements" ADD COLUMN "offer" jsonb;--> statement-breakpoint
ALTER TABLE "announcements" ADD COLUMN "closing" text;--> statement-breakpoint
ALTER TABLE "announcements" ADD COLUMN "version" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
CREATE UNIQUE INDEX "overdue_episodes_one_open" ON "overdue_episodes" USING btree ((true)) WHERE "overdue_episodes"."closed_at" is null;--> statement-breakpoint
ALTER TABLE "announcements" ADD CONSTRAINT "announcements_kind" CHECK ("announcements"."kind" in ('policy_adopted', 'policy_rejected', 'overdue', 'overdue_resolved', 'revocation', 'drift_found', 'drift_asked'));