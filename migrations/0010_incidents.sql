CREATE TABLE "incidents" (
	"id" text collate "C" PRIMARY KEY NOT NULL,
	"team_id" text,
	"channel_id" text NOT NULL,
	"channel_name" text NOT NULL,
	"topic" text NOT NULL,
	"is_private" boolean NOT NULL,
	"is_archived" boolean DEFAULT false NOT NULL,
	"severity" text NOT NULL,
	"state" text NOT NULL,
	"how" text NOT NULL,
	"opened_at" timestamp with time zone NOT NULL,
	"opened_by" text collate "C",
	"vouched_by" text collate "C",
	"vouched_at" timestamp with time zone,
	"closed_at" timestamp with time zone,
	"closed_by" text collate "C",
	"close_cause" text,
	"ends_at" timestamp with time zone,
	"ended_at" timestamp with time zone,
	"version" integer DEFAULT 1 NOT NULL,
	"channel_updated_ms" bigint DEFAULT 0 NOT NULL,
	"sync_lease_until" timestamp with time zone,
	CONSTRAINT "incidents_state" CHECK ("incidents"."state" in ('open', 'closed')),
	CONSTRAINT "incidents_how" CHECK ("incidents"."how" in ('created', 'renamed', 'unarchived', 'invited', 'command', 'tool', 'alert', 'found')),
	CONSTRAINT "incidents_close_cause" CHECK ("incidents"."close_cause" in ('archived', 'renamed', 'command', 'tool')),
	CONSTRAINT "incidents_closed" CHECK (("incidents"."state" = 'closed') = ("incidents"."closed_at" is not null and "incidents"."close_cause" is not null)),
	CONSTRAINT "incidents_ends" CHECK ("incidents"."ends_at" is null or "incidents"."state" = 'closed')
);
--> statement-breakpoint
CREATE TABLE "incident_history" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "incident_history_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"incident_id" text collate "C" NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"type" text NOT NULL,
	"by_person_id" text collate "C",
	"data" jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "incident_messages" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "incident_messages_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"incident_id" text collate "C" NOT NULL,
	"kind" text NOT NULL,
	"audience" text NOT NULL,
	"part" integer DEFAULT 0 NOT NULL,
	"channel" text,
	"ts" text,
	"drawn_version" integer DEFAULT 0 NOT NULL,
	"failure" text,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "incident_messages_once" UNIQUE("incident_id","kind","audience","part"),
	CONSTRAINT "incident_messages_kind" CHECK ("incident_messages"."kind" in ('prompt', 'closing', 'timeline', 'opener', 'notice')),
	CONSTRAINT "incident_messages_part" CHECK ("incident_messages"."part" >= 0)
);
--> statement-breakpoint
ALTER TABLE "grants" DROP CONSTRAINT "grants_end_cause";--> statement-breakpoint
ALTER TABLE "outbox" DROP CONSTRAINT "outbox_kind";--> statement-breakpoint
ALTER TABLE "grants" ADD COLUMN "kept_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "requests" ADD COLUMN "incident_id" text collate "C";--> statement-breakpoint
ALTER TABLE "incidents" ADD CONSTRAINT "incidents_opened_by_people_id_fk" FOREIGN KEY ("opened_by") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "incidents" ADD CONSTRAINT "incidents_vouched_by_people_id_fk" FOREIGN KEY ("vouched_by") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "incidents" ADD CONSTRAINT "incidents_closed_by_people_id_fk" FOREIGN KEY ("closed_by") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "incident_history" ADD CONSTRAINT "incident_history_incident_id_incidents_id_fk" FOREIGN KEY ("incident_id") REFERENCES "public"."incidents"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "incident_history" ADD CONSTRAINT "incident_history_by_person_id_people_id_fk" FOREIGN KEY ("by_person_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "incident_messages" ADD CONSTRAINT "incident_messages_incident_id_incidents_id_fk" FOREIGN KEY ("incident_id") REFERENCES "public"."incidents"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "incidents_one_open" ON "incidents" USING btree ("channel_id") WHERE "incidents"."state" = 'open';--> statement-breakpoint
CREATE INDEX "incidents_of_channel" ON "incidents" USING btree ("channel_id","opened_at");--> statement-breakpoint
CREATE INDEX "incidents_in_time" ON "incidents" USING btree ("opened_at");--> statement-breakpoint
CREATE INDEX "incidents_to_end" ON "incidents" USING btree ("ends_at") WHERE "incidents"."ends_at" is not null and "incidents"."ended_at" is null;--> statement-breakpoint
CREATE INDEX "incident_history_of" ON "incident_history" USING btree ("incident_id","id");--> statement-breakpoint
ALTER TABLE "requests" ADD CONSTRAINT "requests_incident_id_incidents_id_fk" FOREIGN KEY ("incident_id") REFERENCES "public"."incidents"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "audit_credentials_shown" ON "audit_events" USING btree ("grant_id","at") WHERE "audit_events"."type" = 'credentials.shown';--> statement-breakpoint
CREATE INDEX "requests_of_incident" ON "requests" USING btree ("incident_id","created_at") WHERE "requests"."incident_id" is not null;--> statement-breakpoint
ALTER TABLE "grants" ADD CONSTRAINT "grants_end_cause" CHECK ("grants"."end_cause" in ('expired', 'done', 'revoked', 'abandoned', 'cancelled', 'not_started', 'incident_closed'));--> statement-breakpoint
ALTER TABLE "outbox" ADD CONSTRAINT "outbox_kind" CHECK ("outbox"."kind" in ('activate', 'end', 'extend', 'notify', 'announce', 'allowance', 'incident'));