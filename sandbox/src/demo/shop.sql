-- The pretend production database behind orders-db. The same rows every time, dated back from today.
create table customers (
  id int primary key, name text not null, email text not null unique, city text not null, country text not null,
  joined_on date not null
);
create table products (
  id int primary key, sku text not null unique, title text not null, price_cents int not null check (price_cents > 0), stock int not null
);
create table orders (
  id int primary key, customer_id int not null references customers, status text not null
    check (status in ('pending', 'paid', 'shipped', 'delivered', 'cancelled')),
  total_cents int not null default 0, placed_at timestamptz not null
);
create table order_items (
  order_id int not null references orders, line int not null, product_id int not null references products,
  quantity int not null check (quantity > 0), price_cents int not null, primary key (order_id, line)
);
create table payments (
  id int primary key, order_id int not null references orders, method text not null, amount_cents int not null,
  state text not null check (state in ('authorised', 'captured', 'refunded', 'failed')), created_at timestamptz not null
);

insert into customers
select id, first || ' ' || last, lower(first) || '.' || lower(last) || id || '@mail.test', city, country, current_date - (id * 7 % 900)
from generate_series(1, 400) as id,
  lateral (select
    (array['Mia','Noah','Lena','Jonas','Emil','Ida','Luca','Nora','Oscar','Clara','Finn','Alma','Hugo','Elsa','Theo','Zoe','Leo','Ines','Max','Ada'])[1 + id * 7 % 20] as first,
    (array['Berg','Costa','Dubois','Novak','Weber','Rossi','Lund','Kaya','Moreau','Jensen','Silva','Horak','Meyer','Byrne','Laine','Vogel','Sato','Okoye'])[1 + id * 5 % 18] as last,
    (array['Berlin','Lyon','Porto','Praha','Milano','Dublin','Malmö','Gent','Wien','Tampere'])[1 + id * 3 % 10] as city,
    (array['DE','FR','PT','CZ','IT','IE','SE','BE','AT','FI'])[1 + id * 3 % 10] as country) as made;

insert into products
select id, 'SKU-' || lpad((id * 37 % 10000)::text, 4, '0') || '-' || id, adjective || ' ' || thing, 490 + (id * 1373 % 14500), id * 29 % 240
from generate_series(1, 60) as id,
  lateral (select
    (array['Oak','Linen','Copper','Wool','Slate','Cedar','Brass','Cotton','Stone','Ash','Cork','Felt'])[1 + id % 12] as adjective,
    (array['lamp','chair','throw','teapot','shelf','notebook','mug','rug','clock','tray'])[1 + id * 3 % 10] as thing) as made;

insert into orders
select id, 1 + id * 11 % 400,
  case when id > 2380 then 'pending' when id > 2300 then 'paid' when id > 2150 then 'shipped' when id % 23 = 0 then 'cancelled' else 'delivered' end,
  0, date_trunc('minute', now()) - (2401 - id) * interval '47 minutes' - (id % 13) * interval '3 minutes'
from generate_series(1, 2400) as id;

insert into order_items
select o.id, line, product_id, 1 + (o.id + line) % 3, p.price_cents
from orders o, generate_series(1, 1 + o.id % 4) as line,
  lateral (select 1 + (o.id * 17 + line * 19) % 60 as product_id) as pick join products p on p.id = product_id;

update orders o set total_cents = made.total
from (select order_id, sum(quantity * price_cents) as total from order_items group by order_id) as made where made.order_id = o.id;

insert into payments
select id, id, (array['card','card','card','paypal','invoice'])[1 + id % 5], total_cents,
  case status when 'pending' then 'authorised' when 'cancelled' then 'refunded' else 'captured' end, placed_at + interval '40 seconds'
from orders where id % 97 <> 0;

-- The story: the money of order 1183 was taken, but the order never left "pending".
update orders set status = 'pending' where id = 1183;
update payments set state = 'captured' where order_id = 1183;

create index on orders (customer_id);
create index on orders (status) where status in ('pending', 'paid');
create index on payments (order_id);
create view stuck_orders as
  select o.id, c.name as customer, o.status, p.state as payment, o.total_cents, o.placed_at
  from orders o join customers c on c.id = o.customer_id join payments p on p.order_id = o.id
  where o.status = 'pending' and p.state = 'captured';

grant usage on schema public to app_read, app_write;
grant select on all tables in schema public to app_read, app_write;
grant insert, update, delete on customers, products, orders, order_items, payments to app_write;
analyze;
