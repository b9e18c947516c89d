CREATE TABLE "reviews" (
	"id" text collate "C" PRIMARY KEY NOT NULL,
	"grant_id" text collate "C" NOT NULL,
	"request_id" text collate "C" NOT NULL,
	"person_id" text collate "C" NOT NULL,
	"state" text DEFAULT 'open' NOT NULL,
	"within_ms" bigint NOT NULL,
	"opened_at" timestamp with time zone NOT NULL,
	"due_at" timestamp with time zone NOT NULL,
	"outcome" text,
	"note" text,
	"reviewer_id" text collate "C",
	"closed_at" timestamp with time zone,
	"reminders" integer DEFAULT 0 NOT NULL,
	"next_reminder_at" timestamp with time zone NOT NULL,
	"escalated_at" timestamp with time zone,
	"waived_at" timestamp with time zone,
	"waived_by" text collate "C",
	CONSTRAINT "reviews_grant_id_unique" UNIQUE("grant_id"),
	CONSTRAINT "reviews_request_id_unique" UNIQUE("request_id"),
	CONSTRAINT "reviews_state" CHECK ("reviews"."state" in ('open', 'closed')),
	CONSTRAINT "reviews_outcome" CHECK ("reviews"."outcome" in ('justified', 'not_justified')),
	CONSTRAINT "reviews_closed_how" CHECK (("reviews"."state" = 'closed') = ("reviews"."outcome" is not null and "reviews"."reviewer_id" is not null and "reviews"."closed_at" is not null)),
	CONSTRAINT "reviews_by_another" CHECK ("reviews"."reviewer_id" is distinct from "reviews"."person_id")
);
--> statement-breakpoint
ALTER TABLE "messages" DROP CONSTRAINT "messages_once_per_audience";--> statement-breakpoint
ALTER TABLE "messages" DROP CONSTRAINT "messages_kind";--> statement-breakpoint
ALTER TABLE "messages" ADD COLUMN "part" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "requests" ADD COLUMN "is_break_glass" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "reviews" ADD CONSTRAINT "reviews_grant_id_grants_id_fk" FOREIGN KEY ("grant_id") REFERENCES "public"."grants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "reviews" ADD CONSTRAINT "reviews_request_id_requests_id_fk" FOREIGN KEY ("request_id") REFERENCES "public"."requests"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "reviews" ADD CONSTRAINT "reviews_person_id_people_id_fk" FOREIGN KEY ("person_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "reviews" ADD CONSTRAINT "reviews_reviewer_id_people_id_fk" FOREIGN KEY ("reviewer_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "reviews" ADD CONSTRAINT "reviews_waived_by_people_id_fk" FOREIGN KEY ("waived_by") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "reviews_to_chase" ON "reviews" USING btree ("next_reminder_at") WHERE "reviews"."state" = 'open';--> statement-breakpoint
CREATE INDEX "reviews_open" ON "reviews" USING btree ("due_at") WHERE "reviews"."state" = 'open';--> statement-breakpoint
ALTER TABLE "messages" ADD CONSTRAINT "messages_once_per_audience" UNIQUE("request_id","kind","audience","part");--> statement-breakpoint
ALTER TABLE "messages" ADD CONSTRAINT "messages_kind" CHECK ("messages"."kind" in ('approval', 'requester', 'granted', 'outcome', 'stuck', 'alarm', 'banner', 'review', 'review_overdue', 'reviewed'));