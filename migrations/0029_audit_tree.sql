CREATE TABLE "audit_checkpoints" (
	"size" bigint PRIMARY KEY NOT NULL,
	"root" "bytea" NOT NULL,
	"note" text NOT NULL,
	"signed_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "audit_personal" (
	"event_id" bigint PRIMARY KEY NOT NULL,
	"text" text NOT NULL,
	"salt" "bytea" NOT NULL
);
--> statement-breakpoint
CREATE TABLE "audit_publications" (
	"place" text NOT NULL,
	"size" bigint NOT NULL,
	"published_at" timestamp with time zone,
	"error" text,
	CONSTRAINT "audit_publications_place_size_pk" PRIMARY KEY("place","size")
);
--> statement-breakpoint
ALTER TABLE "audit_chain" ADD COLUMN "open_text" text;--> statement-breakpoint
ALTER TABLE "audit_chain" ADD COLUMN "open_salt" "bytea";--> statement-breakpoint
ALTER TABLE "audit_chain" ADD COLUMN "personal_commitment" "bytea";--> statement-breakpoint
ALTER TABLE "audit_chain" ADD COLUMN "nodes" "bytea";--> statement-breakpoint
ALTER TABLE "audit_chain" ADD COLUMN "request_id" text collate "C";--> statement-breakpoint
ALTER TABLE "audit_chain" ADD COLUMN "grant_id" text collate "C";--> statement-breakpoint
ALTER TABLE "audit_chain" ADD COLUMN "request_event" integer;--> statement-breakpoint
ALTER TABLE "audit_chain" ADD COLUMN "grant_event" integer;--> statement-breakpoint
CREATE INDEX "audit_chain_before_tree" ON "audit_chain" USING btree ("seq") WHERE "audit_chain"."open_text" is null;--> statement-breakpoint
CREATE INDEX "audit_chain_of_request" ON "audit_chain" USING btree ("request_id","request_event") WHERE "audit_chain"."request_id" is not null;--> statement-breakpoint
CREATE INDEX "audit_chain_of_grant" ON "audit_chain" USING btree ("grant_id","grant_event") WHERE "audit_chain"."grant_id" is not null;--> statement-breakpoint
-- What is erased is erased by a function of its own, and an event says so.
CREATE TRIGGER audit_personal_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_personal
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
ALTER TABLE audit_personal ENABLE ALWAYS TRIGGER audit_personal_append_only;
