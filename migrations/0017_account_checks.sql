CREATE TABLE "account_checks" (
	"person_id" text collate "C" PRIMARY KEY NOT NULL,
	"next_at" timestamp with time zone NOT NULL,
	"misses" integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
ALTER TABLE "account_checks" ADD CONSTRAINT "account_checks_person_id_people_id_fk" FOREIGN KEY ("person_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "account_checks_due" ON "account_checks" USING btree ("next_at");