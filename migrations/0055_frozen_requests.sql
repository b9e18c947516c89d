CREATE TABLE "gitlab_gates" (
	"id" text collate "C" PRIMARY KEY NOT NULL,
	"project_id" text NOT NULL,
	"project_path" text NOT NULL,
	"deployment" text NOT NULL,
	"job" text NOT NULL,
	"pipeline" text NOT NULL,
	"environment" text NOT NULL,
	"sha" text NOT NULL,
	"request_id" text collate "C",
	"refusal" text,
	"settled_at" timestamp with time zone,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "gitlab_gates_once" UNIQUE("project_id","deployment")
);
--> statement-breakpoint
CREATE TABLE "frozen_requests" (
	"id" text collate "C" PRIMARY KEY NOT NULL,
	"requester_id" text collate "C" NOT NULL,
	"job_key" text NOT NULL,
	"job" jsonb,
	"started_by" jsonb NOT NULL,
	"target" text NOT NULL,
	"role" text NOT NULL,
	"duration_ms" bigint NOT NULL,
	"reason" text NOT NULL,
	"ticket" text,
	"freezes" jsonb NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"request_id" text collate "C"
);
--> statement-breakpoint
ALTER TABLE "gitlab_gates" ADD CONSTRAINT "gitlab_gates_request_id_requests_id_fk" FOREIGN KEY ("request_id") REFERENCES "public"."requests"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "frozen_requests" ADD CONSTRAINT "frozen_requests_requester_id_principals_id_fk" FOREIGN KEY ("requester_id") REFERENCES "public"."principals"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "frozen_requests" ADD CONSTRAINT "frozen_requests_request_id_requests_id_fk" FOREIGN KEY ("request_id") REFERENCES "public"."requests"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "gitlab_gates_open" ON "gitlab_gates" USING btree ("created_at") WHERE "gitlab_gates"."settled_at" is null;--> statement-breakpoint
CREATE UNIQUE INDEX "frozen_requests_once" ON "frozen_requests" USING btree ("requester_id","job_key","target","role") WHERE "frozen_requests"."request_id" is null;--> statement-breakpoint
CREATE INDEX "frozen_requests_in_time" ON "frozen_requests" USING btree ("created_at");