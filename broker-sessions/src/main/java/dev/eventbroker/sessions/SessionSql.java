package dev.eventbroker.sessions;

/**
 * The SQL of the sessions; {@code {s}} stands for the schema. They expect READ COMMITTED, and know
 * no clock but {@code clock_timestamp()} of the database.
 *
 * <p>No two of them can deadlock: sessions are locked in the order of their ids; whoever waits for
 * the lock of a fence holds no other; a sweep waits for no lock; the pulse is the last thing that a
 * touch locks; and the presence of a node is written by that node alone.
 */
final class SessionSql {

  private static final String COLUMNS = "id, resource, topic, owner, user_name, fence, acquired_at";

  /** Parameters: outage. */
  private static final String MAY_EXPIRE =
      """
      exists (select from {s}.eb_pulse
        where clock_timestamp() >= sweep_not_before
          and clock_timestamp() - last_pulse <= make_interval(secs => ?))""";

  static final String READ_COMMITTED = "set transaction isolation level read committed";

  /** Parameters: resource. */
  static final String LOCK_FENCE =
      "select fence from {s}.eb_fence where resource = ? for no key update";

  /** Parameters: resource. */
  static final String ADD_FENCE =
      "insert into {s}.eb_fence (resource, fence) values (?, 0) on conflict do nothing";

  /**
   * Parameters: timeout, resource. The last column says how many seconds it lasts without a sign of
   * life. Waits for a release under way, so that nobody is told of a holder that is gone.
   */
  static final String LOCK_HOLDER =
      """
      select %s,
        extract(epoch from greatest(
          touched_at + make_interval(secs => ?),
          (select sweep_not_before from {s}.eb_pulse)) - clock_timestamp()) as remaining
      from {s}.eb_session where resource = ? for no key update"""
          .formatted(COLUMNS);

  /** Parameters: id. */
  static final String TOUCH_ONE =
      """
      update {s}.eb_session set touched_at = greatest(touched_at, clock_timestamp())
      where id = ?""";

  /**
   * Parameters: resource, id, resource, topic, owner, user. The fence is locked. It is counted up
   * on a row that stays; a sequence would be drawn before the lock is waited for, and could come
   * out in the wrong order.
   */
  static final String BEGIN =
      """
      with raised as (
        update {s}.eb_fence set fence = fence + 1 where resource = ? returning fence)
      insert into {s}.eb_session (id, resource, topic, owner, user_name, fence)
      select ?, ?, ?, ?, ?, fence from raised
      returning %s"""
          .formatted(COLUMNS);

  /** Parameters: id. */
  static final String RELEASE =
      "delete from {s}.eb_session where id = ? returning %s".formatted(COLUMNS);

  /** Parameters: owner. */
  static final String RELEASE_OWNER = deleteOf("where owner = ? order by id for update");

  /**
   * Parameters: owners, node, timeout, owners. That a node has an owner is written again only when
   * a quarter of the time that it counts for is over, so most ticks write nothing but sessions.
   */
  static final String TOUCH =
      """
      with present as (
        insert into {s}.eb_presence as p (owner, node)
        select o, n from unnest(?) o, (values (?)) nodes (n)
        where not exists (
          select from {s}.eb_presence q
          where q.owner = o and q.node = n
            and q.seen_at > clock_timestamp() - make_interval(secs => ?) / 4)
        on conflict (owner, node) do update set seen_at = greatest(p.seen_at, clock_timestamp())),
      kept as materialized (
        select id from {s}.eb_session where owner = any (?) order by id for no key update)
      update {s}.eb_session s set touched_at = greatest(s.touched_at, clock_timestamp())
      from kept where s.id = kept.id""";

  /** Parameters: timeout, outage, timeout. */
  static final String PULSE =
      """
      insert into {s}.eb_pulse as p (id, last_pulse, sweep_not_before)
      values (1, clock_timestamp(), clock_timestamp() + make_interval(secs => ?))
      on conflict (id) do update set
        sweep_not_before =
          case when clock_timestamp() - p.last_pulse > make_interval(secs => ?)
            then clock_timestamp() + make_interval(secs => ?)
            else p.sweep_not_before end,
        last_pulse = greatest(p.last_pulse, clock_timestamp())""";

  /** Parameters: owners. */
  static final String LOCK_OWNERS =
      "select id from {s}.eb_session where owner = any (?) order by id for update";

  /** Parameters: node, owners. */
  static final String FORGET = "delete from {s}.eb_presence where node = ? and owner = any (?)";

  /**
   * Parameters: ids, timeout, outage. The ids were locked by a statement before: of two nodes that
   * lose an owner at the same time, the second sees here what the first has done. Nobody expires
   * right after an outage, and a presence does not either.
   */
  static final String DETACH =
      """
      delete from {s}.eb_session s
      where id = any (?) and not exists (
        select from {s}.eb_presence p
        where p.owner = s.owner
          and (p.seen_at > clock_timestamp() - make_interval(secs => ?) or not %s))
      returning %s"""
          .formatted(MAY_EXPIRE, COLUMNS);

  /** Parameters: outage, timeout, limit. A row touched before it was locked is checked again. */
  static final String SWEEP =
      deleteOf(
          """
          where %s and touched_at <= clock_timestamp() - make_interval(secs => ?)
          order by id limit ? for update skip locked"""
              .formatted(MAY_EXPIRE));

  /** Parameters: outage, timeout, limit. */
  static final String SWEEP_PRESENCE =
      """
      delete from {s}.eb_presence p using (
        select owner, node from {s}.eb_presence
        where %s and seen_at <= clock_timestamp() - make_interval(secs => ?)
        limit ? for update skip locked) stale
      where p.owner = stale.owner and p.node = stale.node"""
          .formatted(MAY_EXPIRE);

  /** Parameters: id. */
  static final String FIND = "select %s from {s}.eb_session where id = ?".formatted(COLUMNS);

  /** Parameters: resource. */
  static final String HOLDER =
      "select %s from {s}.eb_session where resource = ?".formatted(COLUMNS);

  static final String HELD = "select count(*) from {s}.eb_session";

  private SessionSql() {}

  /** Locks first, in order, and then deletes what it has locked. */
  private static String deleteOf(String which) {
    return """
        with gone as materialized (
          select id as gone_id from {s}.eb_session %s)
        delete from {s}.eb_session using gone where id = gone_id
        returning %s"""
        .formatted(which, COLUMNS);
  }
}
