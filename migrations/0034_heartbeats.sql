CREATE TABLE "heartbeats" (
	"grant_id" text collate "C" PRIMARY KEY NOT NULL,
	"heard_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "grants" DROP CONSTRAINT "grants_end_cause";--> statement-breakpoint
ALTER TABLE "heartbeats" ADD CONSTRAINT "heartbeats_grant_id_grants_id_fk" FOREIGN KEY ("grant_id") REFERENCES "public"."grants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "heartbeats_in_time" ON "heartbeats" USING btree ("heard_at");--> statement-breakpoint
ALTER TABLE "grants" ADD CONSTRAINT "grants_end_cause" CHECK ("grants"."end_cause" in ('expired', 'done', 'revoked', 'abandoned', 'cancelled', 'not_started', 'incident_closed', 'client_lost'));