-- Edit sessions: who holds which resource, and whose connections keep it.
-- Unqualified names: run it with search_path set to the schema that the tables shall live in.

-- How often resources have changed hands. A resource has its row by the hash of its name, with others:
-- so a fence rises by one or more, never goes back, and the table never grows. Rows rather than a
-- sequence: they go back with a transaction that failed, and logical replication takes them along.
create table eb_fence (
  bucket int primary key,
  fence bigint not null
) with (fillfactor = 50);

insert into eb_fence (bucket, fence) select bucket, 0 from generate_series(0, 1023) bucket;

-- No index on touched_at: with it every heartbeat would have to write that index too, and could not
-- stay within the page (HOT). The free half of each page is for these updates.
-- left_roll: the owner has left left_node, and was nowhere else as far as was known; the other nodes
-- are asked, see eb_node.
create table eb_session (
  id uuid primary key,
  resource text not null,
  topic text not null,
  owner text not null,
  user_name text not null,
  fence bigint not null,
  shared boolean not null,
  acquired_at timestamptz not null,
  touched_at timestamptz not null,
  left_roll bigint,
  left_node text
) with (fillfactor = 50);

create unique index eb_session_exclusive on eb_session (resource) where not shared;
create unique index eb_session_shared on eb_session (resource, owner) where shared;
create index eb_session_owner on eb_session (owner);
create index eb_session_user on eb_session (user_name);
create index eb_session_left on eb_session (left_roll) where left_roll is not null;

-- Which owners have a connection to which node: a disconnect on one node releases nothing while
-- another node has the owner.
create table eb_presence (
  owner text not null,
  node text not null,
  seen_at timestamptz not null,
  primary key (owner, node)
) with (fillfactor = 50);

-- Which nodes there are. Up to which roll call each has answered by touching all owners that it has:
-- what was left before that, and is still left, it does not have.
create table eb_node (
  node text primary key,
  seen_at timestamptz not null,
  roll bigint not null
) with (fillfactor = 50);

create sequence eb_roll;

-- Sessions that ended while their owner was away, until it comes back and is told, or for a day.
create table eb_lost (
  id uuid primary key,
  resource text not null,
  topic text not null,
  owner text not null,
  user_name text not null,
  fence bigint not null,
  shared boolean not null,
  acquired_at timestamptz not null,
  reason text not null,
  ended_at timestamptz not null
);

create index eb_lost_owner on eb_lost (owner);
create index eb_lost_ended on eb_lost (ended_at);

-- When any node last touched; when touches began again after the last silence of all nodes, from
-- where on everybody has a full timeout; and since when suspiciously many sessions have expired.
create table eb_pulse (
  id int primary key check (id = 1),
  last_pulse timestamptz not null,
  resumed_at timestamptz not null,
  mass_since timestamptz
);
