CREATE TABLE "alert_messages" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "alert_messages_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"alert_id" text collate "C" NOT NULL,
	"audience" text NOT NULL,
	"channel" text,
	"ts" text,
	"drawn_version" integer DEFAULT 0 NOT NULL,
	"failure" text,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "alert_messages_once" UNIQUE("alert_id","audience")
);
--> statement-breakpoint
CREATE TABLE "alert_requests" (
	"request_id" text collate "C" PRIMARY KEY NOT NULL,
	"alert_id" text collate "C" NOT NULL
);
--> statement-breakpoint
CREATE TABLE "alert_signals" (
	"source" text NOT NULL,
	"key" text NOT NULL,
	"alert_id" text collate "C",
	"state" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	CONSTRAINT "alert_signals_source_key_pk" PRIMARY KEY("source","key"),
	CONSTRAINT "alert_signals_state" CHECK ("alert_signals"."state" in ('firing', 'resolved'))
);
--> statement-breakpoint
CREATE TABLE "alerts" (
	"id" text collate "C" PRIMARY KEY NOT NULL,
	"mapping" text NOT NULL,
	"source" text NOT NULL,
	"title" text NOT NULL,
	"url" text,
	"severity" text,
	"state" text NOT NULL,
	"route" text,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"resolved_at" timestamp with time zone,
	"sync_lease_until" timestamp with time zone,
	CONSTRAINT "alerts_source" CHECK ("alerts"."source" in ('pagerduty', 'alertmanager', 'generic')),
	CONSTRAINT "alerts_state" CHECK ("alerts"."state" in ('firing', 'resolved')),
	CONSTRAINT "alerts_route" CHECK ("alerts"."route" in ('on_call', 'nobody', 'unknown')),
	CONSTRAINT "alerts_resolved_at" CHECK (("alerts"."state" = 'resolved') = ("alerts"."resolved_at" is not null))
);
--> statement-breakpoint
ALTER TABLE "outbox" DROP CONSTRAINT "outbox_kind";--> statement-breakpoint
ALTER TABLE "alert_messages" ADD CONSTRAINT "alert_messages_alert_id_alerts_id_fk" FOREIGN KEY ("alert_id") REFERENCES "public"."alerts"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "alert_requests" ADD CONSTRAINT "alert_requests_request_id_requests_id_fk" FOREIGN KEY ("request_id") REFERENCES "public"."requests"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "alert_requests" ADD CONSTRAINT "alert_requests_alert_id_alerts_id_fk" FOREIGN KEY ("alert_id") REFERENCES "public"."alerts"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "alert_signals" ADD CONSTRAINT "alert_signals_alert_id_alerts_id_fk" FOREIGN KEY ("alert_id") REFERENCES "public"."alerts"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "alert_requests_of_alert" ON "alert_requests" USING btree ("alert_id");--> statement-breakpoint
CREATE INDEX "alert_signals_of_alert" ON "alert_signals" USING btree ("alert_id");--> statement-breakpoint
CREATE INDEX "alert_signals_unheard" ON "alert_signals" USING btree ("at") WHERE "alert_signals"."alert_id" is null;--> statement-breakpoint
CREATE INDEX "alerts_of_mapping" ON "alerts" USING btree ("mapping","created_at");--> statement-breakpoint
CREATE INDEX "alerts_resolved" ON "alerts" USING btree ("resolved_at") WHERE "alerts"."state" = 'resolved';--> statement-breakpoint
ALTER TABLE "outbox" ADD CONSTRAINT "outbox_kind" CHECK ("outbox"."kind" in ('activate', 'end', 'extend', 'notify', 'announce', 'allowance', 'incident', 'revocation', 'alert'));