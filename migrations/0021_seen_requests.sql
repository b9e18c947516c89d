-- UNLOGGED: noting a request waits for no disk, and after a crash the few minutes of them are empty.
CREATE UNLOGGED TABLE "seen_requests" (
	"key" "bytea" PRIMARY KEY NOT NULL,
	"forget_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE INDEX "seen_requests_to_forget" ON "seen_requests" USING btree ("forget_at");
--> statement-breakpoint
-- A queue like the outbox: each row is deleted within minutes.
ALTER TABLE seen_requests SET (autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 1000);
