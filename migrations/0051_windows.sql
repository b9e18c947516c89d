ALTER TABLE "grants" DROP CONSTRAINT "grants_end_cause";--> statement-breakpoint
ALTER TABLE "requests" ADD COLUMN "client_key" text;--> statement-breakpoint
CREATE INDEX "requests_of_job" ON "requests" USING btree (("job" ->> 'key')) WHERE "requests"."job" is not null;--> statement-breakpoint
ALTER TABLE "grants" ADD CONSTRAINT "grants_end_cause" CHECK ("grants"."end_cause" in ('expired', 'done', 'revoked', 'abandoned', 'cancelled', 'not_started', 'incident_closed', 'client_lost', 'job_completed', 'window_passed'));