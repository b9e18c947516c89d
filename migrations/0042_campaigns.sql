CREATE TABLE "campaign_lines" (
	"id" text collate "C" PRIMARY KEY NOT NULL,
	"campaign_id" text collate "C" NOT NULL,
	"position" integer NOT NULL,
	"subject" text NOT NULL,
	"facts" jsonb NOT NULL,
	"about" jsonb NOT NULL,
	"reviewers" jsonb NOT NULL,
	"decision" text,
	"decided_by" text collate "C",
	"decided_at" timestamp with time zone,
	"note" text,
	CONSTRAINT "campaign_lines_in_order" UNIQUE("campaign_id","position"),
	CONSTRAINT "campaign_lines_decision" CHECK ("campaign_lines"."decision" in ('keep', 'change')),
	CONSTRAINT "campaign_lines_decided" CHECK (("campaign_lines"."decision" is null) = ("campaign_lines"."decided_at" is null)),
	CONSTRAINT "campaign_lines_by_another" CHECK ("campaign_lines"."decided_by" is null or not jsonb_exists("campaign_lines"."about", "campaign_lines"."decided_by"::text))
);
--> statement-breakpoint
CREATE TABLE "campaigns" (
	"id" text collate "C" PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"what" text NOT NULL,
	"period" text NOT NULL,
	"silence" text NOT NULL,
	"within_ms" bigint NOT NULL,
	"policy_sha256" text NOT NULL,
	"state" text DEFAULT 'open' NOT NULL,
	"started_at" timestamp with time zone NOT NULL,
	"due_at" timestamp with time zone NOT NULL,
	"overdue_at" timestamp with time zone,
	"closed_at" timestamp with time zone,
	"reminders" integer DEFAULT 0 NOT NULL,
	"next_reminder_at" timestamp with time zone NOT NULL,
	CONSTRAINT "campaigns_once_a_period" UNIQUE("name","period"),
	CONSTRAINT "campaigns_state" CHECK ("campaigns"."state" in ('open', 'closed')),
	CONSTRAINT "campaigns_what" CHECK ("campaigns"."what" in ('roles', 'durations', 'break_glass', 'clients', 'approvers', 'admins')),
	CONSTRAINT "campaigns_silence" CHECK ("campaigns"."silence" in ('escalate', 'keep')),
	CONSTRAINT "campaigns_closed" CHECK (("campaigns"."state" = 'closed') = ("campaigns"."closed_at" is not null))
);
--> statement-breakpoint
ALTER TABLE "outbox" DROP CONSTRAINT "outbox_kind";--> statement-breakpoint
ALTER TABLE "campaign_lines" ADD CONSTRAINT "campaign_lines_campaign_id_campaigns_id_fk" FOREIGN KEY ("campaign_id") REFERENCES "public"."campaigns"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "campaign_lines" ADD CONSTRAINT "campaign_lines_decided_by_people_id_fk" FOREIGN KEY ("decided_by") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "campaign_lines_undecided" ON "campaign_lines" USING btree ("campaign_id","position") WHERE "campaign_lines"."decision" is null;--> statement-breakpoint
CREATE INDEX "campaigns_to_chase" ON "campaigns" USING btree ("next_reminder_at") WHERE "campaigns"."state" = 'open';--> statement-breakpoint
ALTER TABLE "outbox" ADD CONSTRAINT "outbox_kind" CHECK ("outbox"."kind" in ('activate', 'end', 'extend', 'notify', 'announce', 'allowance', 'incident', 'revocation', 'alert', 'github', 'campaign'));