CREATE TABLE "revocations" (
	"id" text collate "C" PRIMARY KEY NOT NULL,
	"person_id" text collate "C",
	"targets" jsonb,
	"by_person_id" text collate "C" NOT NULL,
	"reason" text,
	"created_at" timestamp with time zone NOT NULL,
	"finished_at" timestamp with time zone,
	"requests" integer DEFAULT 0 NOT NULL,
	"allowances" integer DEFAULT 0 NOT NULL,
	"channel" text,
	"ts" text,
	"drawn" text,
	CONSTRAINT "revocations_reason" CHECK (length("revocations"."reason") <= 4000)
);
--> statement-breakpoint
ALTER TABLE "outbox" DROP CONSTRAINT "outbox_kind";--> statement-breakpoint
ALTER TABLE "grants" ADD COLUMN "revocation_id" text collate "C";--> statement-breakpoint
ALTER TABLE "requests" ADD COLUMN "cancelled_by" text collate "C";--> statement-breakpoint
ALTER TABLE "requests" ADD COLUMN "cancel_reason" text;--> statement-breakpoint
ALTER TABLE "revocations" ADD CONSTRAINT "revocations_person_id_people_id_fk" FOREIGN KEY ("person_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "revocations" ADD CONSTRAINT "revocations_by_person_id_people_id_fk" FOREIGN KEY ("by_person_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "revocations_in_time" ON "revocations" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "revocations_open" ON "revocations" USING btree ("created_at") WHERE "revocations"."finished_at" is null;--> statement-breakpoint
ALTER TABLE "requests" ADD CONSTRAINT "requests_cancelled_by_people_id_fk" FOREIGN KEY ("cancelled_by") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "grants_of_revocation" ON "grants" USING btree ("revocation_id") WHERE "grants"."revocation_id" is not null;--> statement-breakpoint
ALTER TABLE "outbox" ADD CONSTRAINT "outbox_kind" CHECK ("outbox"."kind" in ('activate', 'end', 'extend', 'notify', 'announce', 'allowance', 'incident', 'revocation'));