CREATE TABLE "extensions" (
	"request_id" text collate "C" PRIMARY KEY NOT NULL,
	"grant_id" text collate "C" NOT NULL,
	"decision_id" text collate "C" NOT NULL,
	"decision_outcome" text DEFAULT 'approved' NOT NULL,
	"state" text NOT NULL,
	"old_expires_at" timestamp with time zone NOT NULL,
	"new_expires_at" timestamp with time zone NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"next_attempt_at" timestamp with time zone NOT NULL,
	"error" text,
	"created_at" timestamp with time zone NOT NULL,
	"settled_at" timestamp with time zone,
	CONSTRAINT "extensions_decision_id_unique" UNIQUE("decision_id"),
	CONSTRAINT "extensions_state" CHECK ("extensions"."state" in ('moving', 'moved', 'failed')),
	CONSTRAINT "extensions_approved" CHECK ("extensions"."decision_outcome" = 'approved'),
	CONSTRAINT "extensions_later" CHECK ("extensions"."new_expires_at" > "extensions"."old_expires_at"),
	CONSTRAINT "extensions_settled_at" CHECK (("extensions"."state" = 'moving') = ("extensions"."settled_at" is null))
);
--> statement-breakpoint
ALTER TABLE "grants" DROP CONSTRAINT "grants_end_outcome";--> statement-breakpoint
ALTER TABLE "messages" DROP CONSTRAINT "messages_kind";--> statement-breakpoint
ALTER TABLE "outbox" DROP CONSTRAINT "outbox_kind";--> statement-breakpoint
ALTER TABLE "grants" ADD COLUMN "extensions" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "grants" ADD COLUMN "warn_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "grants" ADD COLUMN "warned_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "requests" ADD COLUMN "extends_grant_id" text collate "C";--> statement-breakpoint
ALTER TABLE "requests" ADD COLUMN "extends_by_ms" bigint;--> statement-breakpoint
ALTER TABLE "extensions" ADD CONSTRAINT "extensions_grant_id_grants_id_fk" FOREIGN KEY ("grant_id") REFERENCES "public"."grants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "extensions" ADD CONSTRAINT "extensions_approved_decision" FOREIGN KEY ("decision_id","request_id","decision_outcome") REFERENCES "public"."decisions"("id","request_id","outcome") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "extensions_moving_once" ON "extensions" USING btree ("grant_id") WHERE "extensions"."state" = 'moving';--> statement-breakpoint
CREATE INDEX "extensions_stalled" ON "extensions" USING btree ("next_attempt_at") WHERE "extensions"."state" = 'moving';--> statement-breakpoint
ALTER TABLE "requests" ADD CONSTRAINT "requests_extends_grant_id_grants_id_fk" FOREIGN KEY ("extends_grant_id") REFERENCES "public"."grants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "grants_to_warn" ON "grants" USING btree ("warn_at") WHERE "grants"."state" = 'active' and "grants"."warn_at" is not null;--> statement-breakpoint
CREATE INDEX "requests_of_grant" ON "requests" USING btree ("extends_grant_id") WHERE "requests"."extends_grant_id" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "requests_extending_once" ON "requests" USING btree ("extends_grant_id") WHERE "requests"."state" = 'pending' and "requests"."extends_grant_id" is not null;--> statement-breakpoint
ALTER TABLE "grants" ADD CONSTRAINT "grants_end_outcome" CHECK ("grants"."end_outcome" in ('removed', 'already_absent', 'still_held'));--> statement-breakpoint
ALTER TABLE "messages" ADD CONSTRAINT "messages_kind" CHECK ("messages"."kind" in ('approval', 'requester', 'granted', 'warning', 'outcome', 'stuck', 'alarm', 'banner', 'review', 'review_overdue', 'reviewed', 'changed', 'reminder', 'escalation', 'discussion'));--> statement-breakpoint
ALTER TABLE "outbox" ADD CONSTRAINT "outbox_kind" CHECK ("outbox"."kind" in ('activate', 'end', 'extend', 'notify', 'announce', 'allowance'));--> statement-breakpoint
ALTER TABLE "requests" ADD CONSTRAINT "requests_extension" CHECK (("requests"."extends_grant_id" is null) = ("requests"."extends_by_ms" is null));--> statement-breakpoint
ALTER TABLE "requests" ADD CONSTRAINT "requests_extends_by" CHECK ("requests"."extends_by_ms" > 0);--> statement-breakpoint
-- Access that is in use while this runs is warned of too: as if it had begun now.
UPDATE "grants" SET "warn_at" = "expires_at" - least(interval '5 minutes', ("expires_at" - clock_timestamp()) / 3)
WHERE "state" = 'active' AND "expires_at" - clock_timestamp() >= interval '3 minutes';
