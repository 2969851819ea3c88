-- Version 1: an outbox that business transactions write to, and a sequencer that orders what they committed.
-- Runs with search_path set to the schema that it is for; PgSchema.apply does that.

create table schema_version (
  version    integer     primary key,
  applied_at timestamptz not null default clock_timestamp()
);

-- What was published, in no order that anybody may rely on: seq is drawn at the insert, not at the commit.
create table outbox (
  seq       bigint      generated always as identity primary key,
  xid       xid8        not null default pg_current_xact_id(),
  at        timestamptz not null default clock_timestamp(),
  publisher text,   -- the instance that stored it; null when it came with a business transaction
  topic     text        not null,
  type      text        not null,
  data      text        not null,
  key       text,
  audience  text[]  -- null: everyone; empty: nobody
);

create index outbox_xid on outbox (xid);

-- The one order of all nodes: positions without holes, given only to what is committed.
create table ordered (
  pos bigint primary key,
  seq bigint not null
);

-- How far the order has got. The cursor is a snapshot, not a number: a row is new exactly if it is visible now and
-- its transaction had not ended in the snapshot of the last run. No late commit is missed, whatever is open meanwhile.
create table sequencer (
  id    integer     primary key check (id = 1),
  epoch text        not null,
  pos   bigint      not null,
  seen  pg_snapshot not null
);

insert into sequencer (id, epoch, pos, seen)
values (1, left(replace(gen_random_uuid()::text, '-', ''), 12), 0, pg_current_snapshot());

-- Gives positions to what was committed since the last run, tells all nodes, and says where the order is now.
-- Any node may run it at any time; the lock on the sequencer's row makes it exact. It is a function so that the lock
-- is never held across the network: a node that freezes can't hold up the others.
-- patient: wait for another node's run, since it may have looked before our rows were committed. Impatient, as polls
-- are: leave the work to it.
-- Sequential scans are off because the planner, knowing nothing of the snapshot's position, would at times choose one.
create function order_events(patient boolean) returns table (epoch_now text, pos_now bigint)
  language plpgsql
  set enable_seqscan = off
as $$
declare
  last sequencer%rowtype;
  placed bigint;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'order_events: isolation % (expected: read committed)', current_setting('transaction_isolation');
  end if;

  -- A look without a lock: most polls end here, and use up no transaction id.
  select * into last from sequencer;
  if pg_snapshot_xmax(last.seen) > pg_snapshot_xmax(pg_current_snapshot()) then
    raise exception 'order_events: the sequencer comes from another cluster, whose transactions were further on'
      using hint = 'After restoring a dump: update sequencer set seen = pg_current_snapshot(), with an epoch of its own';
  end if;
  if not exists (select from outbox o where o.xid >= pg_snapshot_xmax(last.seen))
    and not exists (select from outbox o where o.xid = any (array(select pg_snapshot_xip(last.seen))))
  then
    return query select q.epoch, q.pos from sequencer q;
    return;
  end if;

  if patient then
    select * into last from sequencer for update;
  else
    select * into last from sequencer for update skip locked;
  end if;

  if found then
    -- One statement, since the snapshot that it stores has to be the one that it looked with.
    with snap as materialized (
      select pg_current_snapshot() as now
    ), fresh as materialized (
      select o.seq from outbox o, snap
      where o.xid >= pg_snapshot_xmax(last.seen) and pg_visible_in_snapshot(o.xid, snap.now)
      union all
      select o.seq from outbox o, snap
      where o.xid = any (array(select pg_snapshot_xip(last.seen))) and pg_visible_in_snapshot(o.xid, snap.now)
    ), places as (
      insert into ordered (pos, seq)
      select last.pos + row_number() over (order by seq), seq from fresh
      returning pos
    ), counted as (
      select count(*) as k from places
    )
    update sequencer q set pos = last.pos + counted.k, seen = snap.now
    from counted, snap
    where counted.k > 0
    returning counted.k into placed;

    if placed > 0 then
      perform pg_notify(current_schema() || '.ordered', (last.pos + placed)::text);
    end if;
  end if;

  return query select q.epoch, q.pos from sequencer q;
end
$$;

insert into schema_version (version) values (1);
