CREATE TABLE "public_keys" (
	"person_id" text collate "C" PRIMARY KEY NOT NULL,
	"line" text NOT NULL,
	"set_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "public_keys" ADD CONSTRAINT "public_keys_person_id_people_id_fk" FOREIGN KEY ("person_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;