ALTER TABLE "grants" RENAME COLUMN "ended_at" TO "removed_at";--> statement-breakpoint
ALTER TABLE "grants" DROP CONSTRAINT "grants_ended_how";--> statement-breakpoint
ALTER TABLE "grants" DROP CONSTRAINT "grants_state";--> statement-breakpoint
ALTER TABLE "grants" DROP CONSTRAINT "grants_ending_since";--> statement-breakpoint
UPDATE "grants" SET "state" = 'removed', "closed_at" = coalesce("closed_at", "removed_at") WHERE "state" = 'ended';--> statement-breakpoint
UPDATE "grants" SET "closed_at" = null WHERE "state" = 'ending' AND "closed_at" IS NOT NULL;--> statement-breakpoint
CREATE INDEX "grants_to_remove" ON "grants" USING btree ("closed_at") WHERE "grants"."state" in ('closed');--> statement-breakpoint
ALTER TABLE "grants" ADD CONSTRAINT "grants_closed_since" CHECK (("grants"."state" in ('closed', 'removed')) = ("grants"."closed_at" is not null));--> statement-breakpoint
ALTER TABLE "grants" ADD CONSTRAINT "grants_removed_how" CHECK (("grants"."state" = 'removed') = ("grants"."removed_at" is not null and "grants"."end_outcome" is not null));--> statement-breakpoint
ALTER TABLE "grants" ADD CONSTRAINT "grants_state" CHECK ("grants"."state" in ('activating', 'active', 'ending', 'closed', 'removed', 'failed'));--> statement-breakpoint
ALTER TABLE "grants" ADD CONSTRAINT "grants_ending_since" CHECK ("grants"."state" not in ('ending', 'closed', 'removed') or ("grants"."ending_at" is not null and "grants"."end_cause" is not null));