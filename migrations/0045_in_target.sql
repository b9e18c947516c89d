ALTER TABLE "grants" DROP CONSTRAINT "grants_end_outcome";--> statement-breakpoint
ALTER TABLE "grants" ADD COLUMN "had_already" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "requests" ADD COLUMN "in_target" jsonb;--> statement-breakpoint
ALTER TABLE "grants" ADD CONSTRAINT "grants_end_outcome" CHECK ("grants"."end_outcome" in ('removed', 'already_absent', 'still_held', 'had_already'));