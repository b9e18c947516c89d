CREATE TABLE "addresses" (
	"team_id" text NOT NULL,
	"user_id" text NOT NULL,
	"address" text NOT NULL,
	"first_seen_at" timestamp with time zone NOT NULL,
	"last_seen_at" timestamp with time zone NOT NULL,
	"is_bound" boolean NOT NULL,
	"is_past" boolean DEFAULT false NOT NULL,
	"confirmed_by" text collate "C",
	"confirmed_at" timestamp with time zone,
	"told_at" timestamp with time zone,
	CONSTRAINT "addresses_team_id_user_id_address_pk" PRIMARY KEY("team_id","user_id","address"),
	CONSTRAINT "addresses_confirmed_how" CHECK (("addresses"."confirmed_by" is null) = ("addresses"."confirmed_at" is null))
);
--> statement-breakpoint
ALTER TABLE "announcements" DROP CONSTRAINT "announcements_kind";--> statement-breakpoint
ALTER TABLE "addresses" ADD CONSTRAINT "addresses_confirmed_by_people_id_fk" FOREIGN KEY ("confirmed_by") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "addresses_of_address" ON "addresses" USING btree ("team_id","address");--> statement-breakpoint
CREATE UNIQUE INDEX "addresses_bound_once" ON "addresses" USING btree ("team_id","address") WHERE "addresses"."is_bound";--> statement-breakpoint
ALTER TABLE "announcements" ADD CONSTRAINT "announcements_kind" CHECK ("announcements"."kind" in ('policy_adopted', 'policy_rejected', 'overdue', 'overdue_resolved', 'revocation', 'drift_found', 'drift_asked', 'address_doubted'));--> statement-breakpoint
-- Addresses that people already had are theirs, unless two accounts were seen with one.
INSERT INTO "addresses" ("team_id", "user_id", "address", "first_seen_at", "last_seen_at", "is_bound")
SELECT "team_id", "user_id", lower(trim("email")), now(), now(), count(*) OVER (PARTITION BY "team_id", lower(trim("email"))) = 1
FROM "people" WHERE trim("email") <> '' ON CONFLICT DO NOTHING;
