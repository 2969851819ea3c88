-- Version 1: an outbox that business transactions write to, and a sequencer that orders what they committed.
--
-- Plain SQL. PgSchema.apply runs it; so does `psql -c 'set search_path to eventbroker' -f V1__eventbroker.sql`, or Flyway
-- with that default schema. Names are unqualified: the first schema of the search_path is the one that it is for, and
-- the functions keep to it. Every name starts with eb_; for another prefix replace that, as PgSchema does.

create table eb_outbox_version (
  version    integer     primary key,
  applied_at timestamptz not null default clock_timestamp()
);

-- What was published, in no order that anybody may rely on: seq is drawn at the insert, not at the commit.
-- Nothing here is ever updated, so that a writer waits for nobody. There is no unique index on the idempotency key for
-- the same reason: an insert would wait for whatever transaction has inserted that key and has not ended. The sequencer
-- sees to it that the key is given one place.
create table eb_outbox (
  seq       bigint      generated always as identity primary key,
  xid       xid8        not null default pg_current_xact_id(),
  at        timestamptz not null default clock_timestamp(),
  publisher text,   -- the instance that stored it; null when it came with a business transaction
  ref       bigint,  -- by which that instance knows it
  kind      "char"      not null default 'e' check (kind in ('e', 'i', 'r')),
  topic     text        not null,  -- e: the topic; i (interruption), r (revocation): a filter
  type      text        not null default '',
  data      text        not null,  -- r: the principal
  key       text,
  idempotency_key text,
  audience  text[]  -- null: everyone; empty: nobody
) with (autovacuum_vacuum_scale_factor = 0.05);

create index eb_outbox_xid on eb_outbox (xid);

-- The one order of all nodes: positions without holes, given only to what is committed.
create table eb_ordered (
  pos bigint primary key,
  seq bigint not null
) with (autovacuum_vacuum_scale_factor = 0.05);

-- Which position has an idempotency key, as long as it is kept. Only the sequencer writes here, one run after the other.
create table eb_idempotency (
  key text   primary key,
  pos bigint not null
) with (autovacuum_vacuum_scale_factor = 0.05);

-- What the order is called, and the lock on it. The row changes only with the epoch.
create table eb_sequencer (
  id     integer primary key check (id = 1),
  epoch  text    not null,
  origin text    not null  -- the cluster and its timeline, see eb_adopt
);

-- How far the order has got, one row for each run. The cursor is a snapshot, not a number: a row is new exactly if it is
-- visible now and its transaction had not ended in the snapshot of the last run. No late commit is missed, whatever is
-- open meanwhile. Rows are added and not updated: where a long transaction keeps dead rows from being cleaned up, the
-- newest is still found at once.
create table eb_run (
  pos   bigint      primary key,  -- the last position of the run
  seen  pg_snapshot not null,
  bytes bigint      not null,     -- of all data up to here, what is gone included
  at    timestamptz not null default clock_timestamp()
) with (autovacuum_vacuum_scale_factor = 0.05);

-- What is gone: everything up to that position.
create table eb_retention (
  id  integer primary key check (id = 1),
  pos bigint  not null
);

insert into eb_run (pos, seen, bytes) values (0, pg_current_snapshot(), 0);
insert into eb_retention (id, pos) values (1, 0);
insert into eb_sequencer (id, epoch, origin) values (1, left(replace(gen_random_uuid()::text, '-', ''), 12), '');

-- Which history this is: two servers that have gone separate ways differ in it. A crash does not change it; a
-- promotion, a restore to a point in time and a dump that is read in elsewhere do.
create function eb_origin() returns text
  language plpgsql
  set search_path from current
as $$
begin
  return (select system_identifier from pg_control_system()) || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8);
exception
  -- Where the server is somebody's service and keeps its log to itself.
  when insufficient_privilege or feature_not_supported or object_not_in_prerequisite_state then
    return '?';
end
$$;

update eb_sequencer set origin = eb_origin();

-- Called once for each connection, before it gives or reads a place. If the database is not where the last position was
-- given, positions may have been lost or be given twice: another epoch begins, so that nobody takes one for the other.
create function eb_adopt() returns text
  language plpgsql
  set search_path from current
as $$
declare
  here text := eb_origin();
  known eb_sequencer%rowtype;
  snap pg_snapshot;
  me xid8;
begin
  select * into known from eb_sequencer;
  if known.origin = here then
    return known.epoch;
  end if;
  select * into known from eb_sequencer for update;
  if known.origin = here then
    return known.epoch;
  end if;

  if split_part(known.origin, '/', 1) <> split_part(here, '/', 1) then
    -- Another cluster, whose transaction ids mean nothing here: what has its place must never look new, and what has
    -- none must look new once. Transactions of this one that are open now stay as they are.
    snap := pg_current_snapshot();
    me := pg_current_xact_id();
    update eb_outbox o set xid = '3'::xid8
      where o.xid >= pg_snapshot_xmin(snap) and exists (select from eb_ordered p where p.seq = o.seq);
    update eb_outbox o set xid = me
      where not exists (select from eb_ordered p where p.seq = o.seq);
    update eb_run set seen = format('%s:%s:%s', least(pg_snapshot_xmin(snap), me), least(pg_snapshot_xmax(snap), me),
        (select string_agg(x::text, ',') from pg_snapshot_xip(snap) x where x < me))::pg_snapshot
      where pos = (select max(pos) from eb_run);
  end if;

  update eb_sequencer set epoch = left(replace(gen_random_uuid()::text, '-', ''), 12), origin = here
    returning epoch into known.epoch;
  return known.epoch;
end
$$;

-- Gives positions to what was committed since the last run, tells all nodes, and says where the order is now.
-- Any node may run it at any time; the lock on the sequencer's row makes it exact. It is a function so that the lock
-- is never held across the network: a node that freezes can't hold up the others.
-- patient: wait for another node's run, since it may have looked before our rows were committed. Impatient, as polls
-- are: leave the work to it.
-- tell: notify the nodes. Where the server's notification queue is full that would undo the run; they have their polls.
-- Sequential scans are off because the planner, knowing nothing of the snapshot's position, would at times choose one.
create function eb_order_events(patient boolean, tell boolean default true)
  returns table (epoch_now text, pos_now bigint, bytes_now bigint)
  language plpgsql
  set search_path from current
  set enable_seqscan = off
  set jit = off
as $$
declare
  last eb_run%rowtype;
  placed bigint;
  data bigint;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'eb_order_events: isolation % (expected: read committed)', current_setting('transaction_isolation');
  end if;
  if pg_current_xact_id_if_assigned() is not null then
    raise exception 'eb_order_events: called in a transaction that has written (expected: one of its own)'
      using detail = 'The lock on the order would be held until that transaction ends, and all nodes would wait for it.',
        hint = 'Commit first. What the transaction published gets its place only then in any case.';
  end if;

  -- A look without a lock: most polls end here, and use up no transaction id.
  select * into last from eb_run order by pos desc limit 1;
  if pg_snapshot_xmax(last.seen) > pg_snapshot_xmax(pg_current_snapshot()) then
    raise exception 'eb_order_events: the order comes from another cluster, whose transactions were further on'
      using hint = 'select eb_adopt() starts an epoch of its own here; a node does so when it connects.';
  end if;
  if not exists (select from eb_outbox o where o.xid >= pg_snapshot_xmax(last.seen))
    and not exists (select from eb_outbox o where o.xid = any (array(select pg_snapshot_xip(last.seen))))
  then
    return query select q.epoch, last.pos, last.bytes from eb_sequencer q;
    return;
  end if;

  if patient then
    perform from eb_sequencer for update;
  else
    perform from eb_sequencer for update skip locked;
  end if;

  if found then
    select * into last from eb_run order by pos desc limit 1;
    -- One statement, since the snapshot that it stores has to be the one that it looked with.
    with snap as materialized (
      select pg_current_snapshot() as now
    ), fresh as materialized (
      select o.seq, o.idempotency_key, octet_length(o.data) as bytes from eb_outbox o, snap
      where o.xid >= pg_snapshot_xmax(last.seen) and pg_visible_in_snapshot(o.xid, snap.now)
      union all
      select o.seq, o.idempotency_key, octet_length(o.data) from eb_outbox o, snap
      where o.xid = any (array(select pg_snapshot_xip(last.seen))) and pg_visible_in_snapshot(o.xid, snap.now)
    ), repeated as materialized (
      -- Published before under the same key, and committed later: that place is theirs too.
      select k.seq
      from (
        select f.seq, f.idempotency_key, row_number() over (partition by f.idempotency_key order by f.seq) as nth
        from fresh f where f.idempotency_key is not null
      ) k
      where k.nth > 1 or exists (select from eb_idempotency i where i.key = k.idempotency_key)
    ), places as materialized (
      select last.pos + row_number() over (order by f.seq) as pos, f.seq, f.idempotency_key, f.bytes
      from fresh f where f.seq not in (select seq from repeated)
    ), ordering as (
      insert into eb_ordered (pos, seq) select pos, seq from places
    ), keeping as (
      insert into eb_idempotency (key, pos)
      select idempotency_key, pos from places where idempotency_key is not null
    ), dropping as (
      delete from eb_outbox where seq = any (array(select seq from repeated))
    ), counted as (
      select count(*) as k, sum(bytes) as bytes from places
    )
    insert into eb_run (pos, seen, bytes)
    select last.pos + counted.k, snap.now, last.bytes + counted.bytes from counted, snap
    where counted.k > 0
    returning pos, bytes into placed, data;

    if placed > 0 then
      last.pos := placed;
      last.bytes := data;
      if tell then
        perform pg_notify(current_schema() || '.eb_ordered', placed::text);
      end if;
    end if;
  else
    select * into last from eb_run order by pos desc limit 1;
  end if;

  return query select q.epoch, last.pos, last.bytes from eb_sequencer q;
end
$$;

-- Removes what has had its place for longer than max_age, or is further back than max_bytes of data; at most batch
-- positions, oldest first, so that no transaction is long. What has no place yet is never touched. One node at a time:
-- another one finds the row locked, and nothing to do. Null stands for no limit.
create function eb_trim(max_age interval, max_bytes bigint, batch integer)
  returns table (removed bigint, more boolean)
  language plpgsql
  set search_path from current
  set enable_seqscan = off
  set enable_hashjoin = off
  set enable_mergejoin = off
  set jit = off
as $$
declare
  gone bigint;
  cut bigint;
  upto bigint;
  newest eb_run%rowtype;
  looked integer;
begin
  -- A look without a lock: most calls end here.
  select r.pos into gone from eb_retention r;
  select * into newest from eb_run order by pos desc limit 1;
  -- Runs get older and their bytes fewer the further back they are, so what is to go comes first.
  select max(r.pos) filter (where r.at < clock_timestamp() - max_age or r.bytes <= newest.bytes - max_bytes), count(*)
    into cut, looked
    from (select * from eb_run where pos > gone order by pos limit batch) r;
  if cut is null then
    return query select 0::bigint, false;
    return;
  end if;
  perform from eb_retention r where r.pos = gone for update skip locked;
  if not found then
    return query select 0::bigint, false;
    return;
  end if;

  upto := least(cut, gone + batch);
  with placed as (
    delete from eb_ordered where pos > gone and pos <= upto returning seq
  ), stored as (
    delete from eb_outbox o using placed p where o.seq = p.seq returning o.idempotency_key
  )
  delete from eb_idempotency i using stored s where i.key = s.idempotency_key;
  -- The newest run says where the order goes on.
  delete from eb_run where pos <= upto and pos < newest.pos;
  update eb_retention set pos = upto;
  return query select upto - gone, upto < cut or looked = batch;
end
$$;

-- What lags, for a gauge: what is committed and has no place, and since when the oldest of it waits; at most that much
-- is counted.
create function eb_lag(most integer) returns table (unordered bigint, oldest_seconds double precision)
  language sql stable
  set search_path from current
  set enable_seqscan = off
  set jit = off
as $$
  with last as materialized (
    select seen from eb_run order by pos desc limit 1
  ), fresh as (
    (select o.at from eb_outbox o, last where o.xid >= pg_snapshot_xmax(last.seen) limit most)
    union all
    (select o.at from eb_outbox o, last where o.xid = any (array(select pg_snapshot_xip(last.seen))) limit most)
  )
  select count(*), coalesce(extract(epoch from clock_timestamp() - min(at)), 0)::double precision from fresh
$$;

insert into eb_outbox_version (version) values (1);
