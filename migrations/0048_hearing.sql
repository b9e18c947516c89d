CREATE TABLE "hearing" (
	"is_only" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"last_at" timestamp with time zone NOT NULL,
	CONSTRAINT "hearing_once" CHECK ("hearing"."is_only")
);
