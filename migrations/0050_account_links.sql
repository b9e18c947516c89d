CREATE TABLE "account_links" (
	"id" text collate "C" PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"host" text NOT NULL,
	"account_id" text NOT NULL,
	"login" text NOT NULL,
	"person_id" text collate "C" NOT NULL,
	"proof" text NOT NULL,
	"linked_at" timestamp with time zone NOT NULL,
	"unlinked_at" timestamp with time zone,
	"released_at" timestamp with time zone,
	CONSTRAINT "account_links_proof_unique" UNIQUE("proof"),
	CONSTRAINT "account_links_kind" CHECK ("account_links"."kind" in ('github', 'gitlab'))
);
--> statement-breakpoint
ALTER TABLE "account_links" ADD CONSTRAINT "account_links_person_id_people_id_fk" FOREIGN KEY ("person_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "account_links_once" ON "account_links" USING btree ("kind","host","account_id") WHERE "account_links"."released_at" is null;--> statement-breakpoint
CREATE INDEX "account_links_of_person" ON "account_links" USING btree ("person_id");