-- The pretend loyalty database behind loyalty-db. The same rows every time.
create database if not exists loyalty;
create table if not exists loyalty.points (order_id int primary key, customer varchar(80) not null, points int not null, state varchar(20) not null);
replace into loyalty.points values
  (1181, 'Noah Novak', 120, 'credited'), (1182, 'Lena Weber', 85, 'credited'), (1183, 'Mia Berg', 240, 'waiting'),
  (1184, 'Hugo Laine', 45, 'credited'), (1185, 'Ines Costa', 310, 'credited');
grant select on loyalty.* to loyalty_read;
grant select, insert, update, delete on loyalty.* to loyalty_write;
