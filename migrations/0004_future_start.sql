ALTER TABLE "grants" DROP CONSTRAINT "grants_end_cause";--> statement-breakpoint
ALTER TABLE "grants" ADD COLUMN "starts_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "requests" ADD COLUMN "starts_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "grants" ADD CONSTRAINT "grants_end_cause" CHECK ("grants"."end_cause" in ('expired', 'done', 'revoked', 'abandoned', 'cancelled', 'not_started'));