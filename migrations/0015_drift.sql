CREATE TABLE "drift_batches" (
	"id" text collate "C" PRIMARY KEY NOT NULL,
	"target" text NOT NULL,
	"count" integer NOT NULL,
	"state" text NOT NULL,
	"lease_until" timestamp with time zone,
	"decided_by" text collate "C",
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "drift_batches_state" CHECK ("drift_batches"."state" in ('asked', 'ordered', 'left', 'done'))
);
--> statement-breakpoint
CREATE TABLE "drift_checks" (
	"target" text PRIMARY KEY NOT NULL,
	"next_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "drift_findings" (
	"id" text collate "C" PRIMARY KEY NOT NULL,
	"target" text NOT NULL,
	"kind" text NOT NULL,
	"key" text NOT NULL,
	"name" text NOT NULL,
	"grant_id" text collate "C",
	"said" text NOT NULL,
	"state" text NOT NULL,
	"batch_id" text collate "C",
	"error" text,
	"created_at" timestamp with time zone NOT NULL,
	"closed_at" timestamp with time zone,
	CONSTRAINT "drift_findings_kind" CHECK ("drift_findings"."kind" in ('survived', 'gone', 'closed', 'deadline', 'wider', 'narrower', 'renamed', 'unknown', 'lookalike')),
	CONSTRAINT "drift_findings_state" CHECK ("drift_findings"."state" in ('open', 'left', 'repaired', 'gone')),
	CONSTRAINT "drift_findings_closed" CHECK (("drift_findings"."state" in ('repaired', 'gone')) = ("drift_findings"."closed_at" is not null))
);
--> statement-breakpoint
ALTER TABLE "announcements" DROP CONSTRAINT "announcements_kind";--> statement-breakpoint
ALTER TABLE "drift_batches" ADD CONSTRAINT "drift_batches_decided_by_people_id_fk" FOREIGN KEY ("decided_by") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "drift_findings" ADD CONSTRAINT "drift_findings_batch_id_drift_batches_id_fk" FOREIGN KEY ("batch_id") REFERENCES "public"."drift_batches"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "drift_batches_ordered" ON "drift_batches" USING btree ("created_at") WHERE "drift_batches"."state" = 'ordered';--> statement-breakpoint
CREATE UNIQUE INDEX "drift_findings_once" ON "drift_findings" USING btree ("target","key") WHERE "drift_findings"."closed_at" is null;--> statement-breakpoint
CREATE INDEX "drift_findings_of_batch" ON "drift_findings" USING btree ("batch_id");--> statement-breakpoint
ALTER TABLE "announcements" ADD CONSTRAINT "announcements_kind" CHECK ("announcements"."kind" in ('policy_adopted', 'policy_rejected', 'overdue', 'overdue_resolved', 'revocation', 'drift_found', 'drift_asked', 'drift_repaired', 'address_doubted'));