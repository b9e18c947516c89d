CREATE TABLE "refusal_counts" (
	"person_id" text collate "C" PRIMARY KEY NOT NULL,
	"since" timestamp with time zone NOT NULL,
	"count" integer NOT NULL
);
--> statement-breakpoint
ALTER TABLE "refusal_counts" ADD CONSTRAINT "refusal_counts_person_id_people_id_fk" FOREIGN KEY ("person_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "people_of_user" ON "people" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "people_of_mailbox" ON "people" USING btree (rtrim(regexp_replace(lower(btrim("email")), '^([^+@][^+]*)[+].*@', '\1@'), '.'));--> statement-breakpoint
CREATE INDEX "requests_pending_of_person" ON "requests" USING btree ("requester_id") WHERE "requests"."state" = 'pending';