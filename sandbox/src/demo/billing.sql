-- The pretend production database behind billing-db, which belongs to other people than orders-db.
create table accounts (id int primary key, company text not null, iban text not null, plan text not null);
create table invoices (
  id int primary key, account_id int not null references accounts, number text not null unique, amount_cents int not null,
  state text not null check (state in ('draft', 'sent', 'paid', 'overdue')), due_on date not null
);

insert into accounts
select id, (array['Nordlicht','Halden','Mirador','Tramway','Quellen','Osprey','Vantage','Fjord'])[1 + id % 8] || ' ' || (array['GmbH','SARL','Lda','s.r.o.','AB'])[1 + id % 5],
  'DE' || lpad((id * 7919 % 100)::text, 2, '0') || lpad((id::bigint * 7368787 % 1000000000)::text, 18, '0'), (array['starter','team','business'])[1 + id % 3]
from generate_series(1, 80) as id;

insert into invoices
select id, 1 + id * 7 % 80, 'INV-' || 20000 + id, 4900 + id * 331 % 90000,
  case when id > 590 then 'draft' when id > 540 then 'sent' when id % 29 = 0 then 'overdue' else 'paid' end, current_date - (600 - id) + 14
from generate_series(1, 600) as id;

create index on invoices (account_id);
grant usage on schema public to billing_read;
grant select on all tables in schema public to billing_read;
analyze;
