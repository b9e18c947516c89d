CREATE TABLE "github_deliveries" (
	"id" text collate "C" PRIMARY KEY NOT NULL,
	"event" jsonb NOT NULL,
	"received_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "github_gates" (
	"id" text collate "C" PRIMARY KEY NOT NULL,
	"repository" jsonb NOT NULL,
	"repository_id" text NOT NULL,
	"run" text NOT NULL,
	"attempt" integer NOT NULL,
	"environment" text NOT NULL,
	"sha" text NOT NULL,
	"request_id" text collate "C",
	"refusal" text,
	"is_reported" boolean DEFAULT false NOT NULL,
	"settled_at" timestamp with time zone,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "github_gates_once" UNIQUE("repository_id","run","attempt","environment")
);
--> statement-breakpoint
CREATE TABLE "github_pulls" (
	"id" text collate "C" PRIMARY KEY NOT NULL,
	"repository" jsonb NOT NULL,
	"repository_id" text NOT NULL,
	"number" integer NOT NULL,
	"label" text NOT NULL,
	"request_id" text collate "C",
	"labeller" jsonb,
	"said" text,
	"check_id" text,
	"check_sha" text,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "github_pulls_once" UNIQUE("repository_id","number","label")
);
--> statement-breakpoint
ALTER TABLE "grants" DROP CONSTRAINT "grants_end_cause";--> statement-breakpoint
ALTER TABLE "outbox" DROP CONSTRAINT "outbox_kind";--> statement-breakpoint
ALTER TABLE "requests" ADD COLUMN "origin" jsonb;--> statement-breakpoint
ALTER TABLE "github_gates" ADD CONSTRAINT "github_gates_request_id_requests_id_fk" FOREIGN KEY ("request_id") REFERENCES "public"."requests"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "github_pulls" ADD CONSTRAINT "github_pulls_request_id_requests_id_fk" FOREIGN KEY ("request_id") REFERENCES "public"."requests"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "github_deliveries_in_time" ON "github_deliveries" USING btree ("received_at");--> statement-breakpoint
CREATE INDEX "github_gates_of_request" ON "github_gates" USING btree ("request_id");--> statement-breakpoint
CREATE INDEX "github_gates_open" ON "github_gates" USING btree ("created_at") WHERE "github_gates"."settled_at" is null;--> statement-breakpoint
CREATE INDEX "github_pulls_of_request" ON "github_pulls" USING btree ("request_id");--> statement-breakpoint
CREATE INDEX "requests_to_claim" ON "requests" USING btree ("requester_id") WHERE "requests"."origin" is not null;--> statement-breakpoint
CREATE INDEX "requests_of_run" ON "requests" USING btree (("job" ->> 'repositoryId'),("job" ->> 'run')) WHERE "requests"."job" is not null;--> statement-breakpoint
ALTER TABLE "grants" ADD CONSTRAINT "grants_end_cause" CHECK ("grants"."end_cause" in ('expired', 'done', 'revoked', 'abandoned', 'cancelled', 'not_started', 'incident_closed', 'client_lost', 'job_completed'));--> statement-breakpoint
ALTER TABLE "outbox" ADD CONSTRAINT "outbox_kind" CHECK ("outbox"."kind" in ('activate', 'end', 'extend', 'notify', 'announce', 'allowance', 'incident', 'revocation', 'alert', 'github'));