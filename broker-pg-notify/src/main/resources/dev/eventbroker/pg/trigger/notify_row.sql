-- For tables whose changes are to be told by NOTIFY: a trigger function, and how it is used. Plain SQL, run by hand or by
-- a migration tool, in any schema. PgNotifySource with its JSON mapper reads what it sends:
--
--   create trigger card_changed after insert or update or delete on card
--     for each row execute function eb_notify_row('cards', 'project/42/card', 'id');
--
-- Its arguments: the channel, the topic that the row's key is appended to, and the key's column. An event's type is the
-- table's name and what happened (card.inserted, card.updated, card.deleted), its data the row as JSON. PostgreSQL takes
-- 7999 bytes: of a larger row only the key is sent, with "partial": true, and who needs more reads the table.
--
-- Every transaction that notifies waits at its commit for all others that do, in the whole cluster; where that is too
-- much, publish through the outbox instead.

-- As PgNotifySource.channelName: PostgreSQL takes 63 bytes.
create function eb_channel(name text) returns text
  language sql immutable strict
as $$
  select case when octet_length(convert_to(name, 'UTF8')) <= 63 then name
    else 'sha256.' || left(encode(sha256(convert_to(name, 'UTF8')), 'hex'), 40) end
$$;

create function eb_notify_row() returns trigger
  language plpgsql
as $$
declare
  changed jsonb;
  key text;
  body jsonb;
begin
  if tg_nargs <> 3 then
    raise exception 'eb_notify_row: % arguments (expected: channel, topic, key column)', tg_nargs;
  end if;
  if tg_op = 'UPDATE' and old is not distinct from new then
    return null;
  end if;
  changed := case when tg_op = 'DELETE' then to_jsonb(old) else to_jsonb(new) end;
  key := changed ->> tg_argv[2];
  if key is null then
    raise exception 'eb_notify_row: no % in % (expected: a key)', tg_argv[2], tg_table_name;
  end if;
  body := jsonb_build_object(
    'topic', tg_argv[1] || '/' || key,
    'type', tg_table_name || case tg_op when 'INSERT' then '.inserted' when 'UPDATE' then '.updated' else '.deleted' end,
    'data', changed);
  if octet_length(body::text) > 7999 then
    body := jsonb_set(body, '{data}', jsonb_build_object(tg_argv[2], changed -> tg_argv[2], 'partial', true));
  end if;
  perform pg_notify(eb_channel(tg_argv[0]), body::text);
  return null;
end
$$;
