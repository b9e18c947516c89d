CREATE TABLE "audit_sink_parked" (
	"sink" text NOT NULL,
	"from_seq" bigint NOT NULL,
	"to_seq" bigint NOT NULL,
	"why" text NOT NULL,
	"parked_at" timestamp with time zone NOT NULL,
	CONSTRAINT "audit_sink_parked_sink_from_seq_pk" PRIMARY KEY("sink","from_seq")
);
--> statement-breakpoint
CREATE TABLE "audit_sinks" (
	"name" text PRIMARY KEY NOT NULL,
	"cursor" bigint NOT NULL,
	"failures" integer DEFAULT 0 NOT NULL,
	"error" text,
	"paused_by" text,
	"next_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "audit_publications" ADD COLUMN "receipt" "bytea";--> statement-breakpoint
CREATE INDEX "audit_days" ON "audit_events" USING btree ("id") WHERE "audit_events"."type" = 'day.closed';