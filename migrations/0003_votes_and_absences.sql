CREATE TABLE "absences" (
	"person_id" text collate "C" PRIMARY KEY NOT NULL,
	"delegate_id" text collate "C",
	"until" timestamp with time zone NOT NULL,
	"created_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "announcement_copies" (
	"announcement_id" text collate "C" NOT NULL,
	"audience" text NOT NULL,
	"failure" text,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "announcement_copies_announcement_id_audience_pk" PRIMARY KEY("announcement_id","audience")
);
--> statement-breakpoint
CREATE TABLE "announcements" (
	"id" text collate "C" PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"key" text NOT NULL,
	"lines" jsonb NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "announcements_kind" CHECK ("announcements"."kind" in ('policy_adopted', 'policy_rejected'))
);
--> statement-breakpoint
ALTER TABLE "messages" DROP CONSTRAINT "messages_kind";--> statement-breakpoint
ALTER TABLE "outbox" DROP CONSTRAINT "outbox_kind";--> statement-breakpoint
ALTER TABLE "requests" ADD COLUMN "remind_ms" bigint;--> statement-breakpoint
ALTER TABLE "requests" ADD COLUMN "reminders" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "requests" ADD COLUMN "next_reminder_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "requests" ADD COLUMN "escalate_after_ms" bigint;--> statement-breakpoint
ALTER TABLE "requests" ADD COLUMN "escalate_to" jsonb;--> statement-breakpoint
ALTER TABLE "requests" ADD COLUMN "escalate_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "requests" ADD COLUMN "escalated_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "requests" ADD COLUMN "discussed_by" text collate "C";--> statement-breakpoint
ALTER TABLE "requests" ADD COLUMN "unreachable_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "requests" ADD COLUMN "changes" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "votes" ADD COLUMN "in_stead_of" text collate "C";--> statement-breakpoint
ALTER TABLE "absences" ADD CONSTRAINT "absences_person_id_people_id_fk" FOREIGN KEY ("person_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "absences" ADD CONSTRAINT "absences_delegate_id_people_id_fk" FOREIGN KEY ("delegate_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "announcement_copies" ADD CONSTRAINT "announcement_copies_announcement_id_announcements_id_fk" FOREIGN KEY ("announcement_id") REFERENCES "public"."announcements"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "announcements_of_key" ON "announcements" USING btree ("key","created_at");--> statement-breakpoint
ALTER TABLE "requests" ADD CONSTRAINT "requests_discussed_by_people_id_fk" FOREIGN KEY ("discussed_by") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "votes" ADD CONSTRAINT "votes_in_stead_of_people_id_fk" FOREIGN KEY ("in_stead_of") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "requests_to_remind" ON "requests" USING btree ("next_reminder_at") WHERE "requests"."state" = 'pending' and "requests"."next_reminder_at" is not null;--> statement-breakpoint
CREATE INDEX "requests_to_escalate" ON "requests" USING btree ("escalate_at") WHERE "requests"."state" = 'pending' and "requests"."escalate_at" is not null and "requests"."escalated_at" is null;--> statement-breakpoint
ALTER TABLE "messages" ADD CONSTRAINT "messages_kind" CHECK ("messages"."kind" in ('approval', 'requester', 'granted', 'outcome', 'stuck', 'alarm', 'banner', 'review', 'review_overdue', 'reviewed', 'changed', 'reminder', 'escalation', 'discussion'));--> statement-breakpoint
ALTER TABLE "outbox" ADD CONSTRAINT "outbox_kind" CHECK ("outbox"."kind" in ('activate', 'end', 'notify', 'announce'));