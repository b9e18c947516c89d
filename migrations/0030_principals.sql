CREATE TABLE "clients" (
	"id" text collate "C" PRIMARY KEY NOT NULL,
	"kind" text DEFAULT 'client' NOT NULL,
	"name" text NOT NULL,
	"issuer" text NOT NULL,
	"issuer_kind" text NOT NULL,
	"binding" text NOT NULL,
	"channel" text,
	"first_seen_at" timestamp with time zone NOT NULL,
	"last_seen_at" timestamp with time zone NOT NULL,
	CONSTRAINT "clients_name_unique" UNIQUE("name"),
	CONSTRAINT "clients_kind" CHECK ("clients"."kind" = 'client'),
	CONSTRAINT "clients_issuer_kind" CHECK ("clients"."issuer_kind" in ('github', 'gitlab', 'kubernetes', 'buildkite', 'circleci', 'oidc'))
);
--> statement-breakpoint
CREATE TABLE "principals" (
	"id" text collate "C" PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	CONSTRAINT "principals_of_kind" UNIQUE("id","kind"),
	CONSTRAINT "principals_kind" CHECK ("principals"."kind" in ('person', 'client'))
);
--> statement-breakpoint
INSERT INTO "principals" ("id", "kind") SELECT "id", 'person' FROM "people";--> statement-breakpoint
ALTER TABLE "grants" RENAME COLUMN "person_id" TO "grantee_id";--> statement-breakpoint
ALTER TABLE "refusal_counts" RENAME COLUMN "person_id" TO "principal_id";--> statement-breakpoint
ALTER TABLE "grants" DROP CONSTRAINT "grants_person_id_people_id_fk";
--> statement-breakpoint
ALTER TABLE "grants" DROP CONSTRAINT "grants_ended_by_people_id_fk";
--> statement-breakpoint
ALTER TABLE "requests" DROP CONSTRAINT "requests_requester_id_people_id_fk";
--> statement-breakpoint
ALTER TABLE "requests" DROP CONSTRAINT "requests_cancelled_by_people_id_fk";
--> statement-breakpoint
ALTER TABLE "asks" DROP CONSTRAINT "asks_requester_id_people_id_fk";
--> statement-breakpoint
ALTER TABLE "refusal_counts" DROP CONSTRAINT "refusal_counts_person_id_people_id_fk";
--> statement-breakpoint
ALTER INDEX "grants_live_of_person" RENAME TO "grants_live_of_grantee";--> statement-breakpoint
ALTER INDEX "requests_of_person" RENAME TO "requests_of_requester";--> statement-breakpoint
ALTER INDEX "requests_pending_of_person" RENAME TO "requests_pending_of_requester";--> statement-breakpoint
ALTER TABLE "people" ADD COLUMN "kind" text DEFAULT 'person' NOT NULL;--> statement-breakpoint
ALTER TABLE "requests" ADD COLUMN "job" jsonb;--> statement-breakpoint
ALTER TABLE "requests" ADD COLUMN "started_by" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "clients" ADD CONSTRAINT "clients_are_principals" FOREIGN KEY ("id","kind") REFERENCES "public"."principals"("id","kind") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "grants" ADD CONSTRAINT "grants_grantee_id_principals_id_fk" FOREIGN KEY ("grantee_id") REFERENCES "public"."principals"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "grants" ADD CONSTRAINT "grants_ended_by_principals_id_fk" FOREIGN KEY ("ended_by") REFERENCES "public"."principals"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "people" ADD CONSTRAINT "people_are_principals" FOREIGN KEY ("id","kind") REFERENCES "public"."principals"("id","kind") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "requests" ADD CONSTRAINT "requests_requester_id_principals_id_fk" FOREIGN KEY ("requester_id") REFERENCES "public"."principals"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "requests" ADD CONSTRAINT "requests_cancelled_by_principals_id_fk" FOREIGN KEY ("cancelled_by") REFERENCES "public"."principals"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "asks" ADD CONSTRAINT "asks_requester_id_principals_id_fk" FOREIGN KEY ("requester_id") REFERENCES "public"."principals"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "refusal_counts" ADD CONSTRAINT "refusal_counts_principal_id_principals_id_fk" FOREIGN KEY ("principal_id") REFERENCES "public"."principals"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "people" ADD CONSTRAINT "people_kind" CHECK ("people"."kind" = 'person');--> statement-breakpoint
ALTER TABLE "requests" ADD CONSTRAINT "requests_job" CHECK (("requests"."job" is null) = ("requests"."requester_id" not like 'client:%'));--> statement-breakpoint
ALTER TABLE "requests" ADD CONSTRAINT "requests_break_glass_is_human" CHECK (not "requests"."is_break_glass" or "requests"."job" is null);