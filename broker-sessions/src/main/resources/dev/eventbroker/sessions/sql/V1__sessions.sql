-- Edit sessions: who holds which resource, and whose connections keep it.
-- Unqualified names: run it with search_path set to the schema that the tables shall live in.

-- How often a resource has changed hands. Rows are never deleted, so a fence never goes back.
create table eb_fence (
  resource text primary key,
  fence bigint not null
);

-- No index on touched_at: with it every heartbeat would have to write that index too, and could not
-- stay within the page (HOT). The free half of each page is for these updates.
create table eb_session (
  id uuid primary key,
  resource text not null,
  topic text not null,
  owner text not null,
  user_name text not null,
  fence bigint not null,
  acquired_at timestamptz not null default clock_timestamp(),
  touched_at timestamptz not null default clock_timestamp()
) with (fillfactor = 50);

create unique index eb_session_exclusive on eb_session (resource);
create index eb_session_owner on eb_session (owner);

-- Which owners have a connection to which node: a disconnect on one node releases nothing while
-- another node has the owner.
create table eb_presence (
  owner text not null,
  node text not null,
  seen_at timestamptz not null default clock_timestamp(),
  primary key (owner, node)
) with (fillfactor = 50);

-- When any node last touched. After a silence of all of them nothing expires before
-- sweep_not_before.
create table eb_pulse (
  id int primary key check (id = 1),
  last_pulse timestamptz not null,
  sweep_not_before timestamptz not null
);
