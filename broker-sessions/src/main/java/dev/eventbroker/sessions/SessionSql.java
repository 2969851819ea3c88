package dev.eventbroker.sessions;

/**
 * The SQL of the sessions; {@code {s}} stands for the schema and {@code {now}} for the time, which
 * is {@code clock_timestamp()} of the database and no other. They expect READ COMMITTED.
 *
 * <p>No two of them can deadlock: sessions are locked in the order of their ids; whoever waits for
 * the lock of a fence holds no other; settling and sweeping wait for no session; the pulse is the
 * last thing that a touch locks, and the first that a sweep locks; and the presence of a node is
 * written by that node alone, or by a sweep, which skips what is locked.
 */
final class SessionSql {

  /** The time, where nobody replaces it. */
  static final String DATABASE_CLOCK = "clock_timestamp()";

  private static final String COLUMNS =
      "id, resource, topic, owner, user_name, fence, acquired_at, shared";

  /** Parameters: outage, timeout. */
  private static final String MAY_EXPIRE =
      """
      exists (select from {s}.eb_pulse
        where {now} - last_pulse <= make_interval(secs => ?)
          and {now} >= resumed_at + make_interval(secs => ?))""";

  /** Whether some node has the owner of session s. Parameters: timeout, outage, timeout. */
  private static final String IS_SOMEWHERE =
      """
      exists (select from {s}.eb_presence p
        where p.owner = s.owner
          and (p.seen_at > {now} - make_interval(secs => ?) or not %s))"""
          .formatted(MAY_EXPIRE);

  /** Whether node n may still answer. Parameters: outage, outage, outage. */
  private static final String IS_ALIVE =
      """
      (n.seen_at >= {now} - make_interval(secs => ?)
        or not exists (select from {s}.eb_pulse
          where {now} - last_pulse <= make_interval(secs => ?)
            and {now} > resumed_at + make_interval(secs => ?)))""";

  static final String READ_COMMITTED = "set transaction isolation level read committed";

  /** Parameters: bucket. */
  static final String LOCK_FENCE =
      "select fence from {s}.eb_fence where bucket = ? for no key update";

  /**
   * Parameters: timeout, resource, shared, owner. The last column says how many seconds it lasts
   * without a sign of life.
   */
  private static final String IN_THE_WAY =
      """
      select %s,
        extract(epoch from greatest(touched_at, (select resumed_at from {s}.eb_pulse))
          + make_interval(secs => ?) - {now}) as remaining
      from {s}.eb_session
      where resource = ? and shared = ? and (not shared or owner = ?)
      for\s"""
          .formatted(COLUMNS);

  /**
   * Waits for a release under way, so that nobody is told of a holder that is gone; not for a
   * heartbeat, and no heartbeat for it.
   */
  static final String HOLDER_FOR_ACQUIRE = IN_THE_WAY + "key share";

  /**
   * Locks at once as strongly as it takes to end the session: whoever locks a row twice can meet
   * somebody in between.
   */
  static final String HOLDER_FOR_TAKE_OVER = IN_THE_WAY + "update";

  /**
   * Parameters: bucket, id, resource, topic, owner, user, shared. The fence is locked. It is
   * counted up on a row that stays; a sequence would be drawn before the lock is waited for, and
   * could come out in the wrong order.
   */
  static final String BEGIN =
      """
      with raised as (
        update {s}.eb_fence set fence = fence + 1 where bucket = ? returning fence)
      insert into {s}.eb_session
        (id, resource, topic, owner, user_name, fence, shared, acquired_at, touched_at)
      select ?, ?, ?, ?, ?, fence, ?, {now}, {now} from raised
      returning %s"""
          .formatted(COLUMNS);

  /** Parameters: id. */
  static final String RELEASE =
      "delete from {s}.eb_session where id = ? returning %s".formatted(COLUMNS);

  /** Parameters: owner. */
  static final String RELEASE_OWNER =
      """
      with gone as materialized (
        select id as gone_id from {s}.eb_session where owner = ? order by id for update)
      delete from {s}.eb_session using gone where id = gone_id
      returning %s"""
          .formatted(COLUMNS);

  /**
   * Parameters: owners, node, timeout, owners, owners, node, roll, outage, node, outage, outage,
   * outage. That a node has an owner is written again only when a quarter of the time that it
   * counts for is over, so most ticks write nothing but sessions. The answer has at least one row,
   * which says whether other nodes are alive; with the sessions that an owner has to be told to
   * have lost.
   */
  static final String TOUCH =
      """
      with present as (
        insert into {s}.eb_presence as p (owner, node, seen_at)
        select o, n, {now} from unnest(?) o, (values (?)) nodes (n)
        where not exists (
          select from {s}.eb_presence q
          where q.owner = o and q.node = n
            and q.seen_at > {now} - make_interval(secs => ?) / 4 and q.seen_at <= {now})
        on conflict (owner, node) do update set seen_at = excluded.seen_at),
      kept as materialized (
        select id from {s}.eb_session where owner = any (?) order by id for no key update),
      touched as (
        update {s}.eb_session s set touched_at = {now}, left_roll = null, left_node = null
        from kept where s.id = kept.id returning 1),
      missed as materialized (
        select id as missed_id from {s}.eb_lost where owner = any (?) for update skip locked),
      told as (
        delete from {s}.eb_lost using missed where id = missed_id returning reason, %s),
      me as (
        insert into {s}.eb_node as n (node, seen_at, roll) values (?, {now}, ?)
        on conflict (node) do update
          set seen_at = excluded.seen_at, roll = greatest(n.roll, excluded.roll)),
      pulse as (
        insert into {s}.eb_pulse as p (id, last_pulse, resumed_at)
        select 1, {now}, {now} from (select count(*) from touched) all_touched
        on conflict (id) do update set
          resumed_at =
            case when {now} - p.last_pulse > make_interval(secs => ?) then {now}
              else least(p.resumed_at, {now}) end,
          last_pulse = {now})
      select others.alive, told.* from (
        select exists (select from {s}.eb_node n where n.node <> ? and %s) as alive) others
      left join told on true"""
          .formatted(COLUMNS, IS_ALIVE);

  /**
   * Parameters: owners. A guarded write holds up the end of a session, but not this; see {@link
   * JdbcSessionStore#condition}.
   */
  static final String LOCK_OWNERS =
      "select id from {s}.eb_session where owner = any (?) order by id for no key update";

  /** Parameters: node, owners. */
  static final String FORGET = "delete from {s}.eb_presence where node = ? and owner = any (?)";

  /**
   * Parameters: node, ids, timeout, outage, timeout. The ids were locked by a statement before: of
   * two nodes that lose an owner at the same time, the second sees here what the first has done.
   * Drawing the number now is what makes it a question: who answers it has looked since.
   */
  static final String MARK_LEFT =
      """
      with roll as materialized (select nextval('{s}.eb_roll') as number)
      update {s}.eb_session s set left_roll = roll.number, left_node = ?
      from roll where id = any (?) and not %s"""
          .formatted(IS_SOMEWHERE);

  static final String OPEN_ROLL =
      "select coalesce(max(left_roll), 0) from {s}.eb_session where left_roll is not null";

  /** Parameters: timeout, outage, timeout, outage, outage, outage, limit. */
  static final String SETTLE =
      endingBehindTheOwner(
          ReleaseReason.DISCONNECTED,
          """
          where left_roll is not null and not %s
            and not exists (
              select from {s}.eb_node n
              where n.node <> s.left_node and n.roll < s.left_roll and %s)
          order by id limit ? for update skip locked"""
              .formatted(IS_SOMEWHERE, IS_ALIVE));

  /** Parameters: node. */
  static final String FORGET_ALL = "delete from {s}.eb_presence where node = ?";

  /** Parameters: node. */
  static final String LEAVE = "delete from {s}.eb_node where node = ?";

  /** Parameters: outage, timeout, timeout, outage. */
  static final String STANDING =
      """
      select held, expired, ahead, %s as may_expire,
        exists (select from {s}.eb_pulse where mass_since is not null) as suspicious,
        exists (select from {s}.eb_pulse
          where mass_since <= {now} - make_interval(secs => ?)) as suspicious_for_long
      from (
        select count(*) as held,
          count(*) filter (where touched_at <= {now} - make_interval(secs => ?)) as expired,
          count(*) filter (where touched_at > {now}) as ahead
        from {s}.eb_session) sessions"""
          .formatted(MAY_EXPIRE);

  /** Parameters: suspicious. Only the first of several nodes says since when. */
  static final String SUSPECT =
      """
      update {s}.eb_pulse
      set mass_since = case when ? then least(coalesce(mass_since, {now}), {now}) end""";

  /** Those of the future, after the clock was set back, were touched now. */
  static final String NOT_AHEAD =
      """
      with ahead as materialized (
        select id from {s}.eb_session where touched_at > {now}
        order by id for no key update skip locked)
      update {s}.eb_session s set touched_at = {now} from ahead where s.id = ahead.id""";

  /** A node of the future would be waited for until then. */
  static final String NODES_NOT_AHEAD =
      """
      with ahead as materialized (
        select node from {s}.eb_node where seen_at > {now} for update skip locked)
      update {s}.eb_node n set seen_at = {now} from ahead where n.node = ahead.node""";

  /**
   * Parameters: outage, timeout, timeout, limit. A row touched before its lock is looked at anew.
   */
  static final String SWEEP =
      endingBehindTheOwner(
          ReleaseReason.EXPIRED,
          """
          where %s and touched_at <= {now} - make_interval(secs => ?)
          order by id limit ? for update skip locked"""
              .formatted(MAY_EXPIRE));

  /** Parameters: outage, timeout, timeout, limit. */
  static final String SWEEP_PRESENCE =
      """
      delete from {s}.eb_presence p using (
        select owner, node from {s}.eb_presence
        where %s and seen_at <= {now} - make_interval(secs => ?)
        limit ? for update skip locked) stale
      where p.owner = stale.owner and p.node = stale.node"""
          .formatted(MAY_EXPIRE);

  /** Parameters: outage, timeout, timeout. */
  static final String SWEEP_NODES =
      """
      delete from {s}.eb_node n using (
        select node from {s}.eb_node
        where %s and seen_at <= {now} - make_interval(secs => ?)
        for update skip locked) stale
      where n.node = stale.node"""
          .formatted(MAY_EXPIRE);

  /** Parameters: seconds kept, limit. */
  static final String SWEEP_LOST =
      """
      delete from {s}.eb_lost l using (
        select id from {s}.eb_lost where ended_at < {now} - make_interval(secs => ?)
        limit ? for update skip locked) over
      where l.id = over.id""";

  /** Parameters: id. */
  static final String FIND = "select %s from {s}.eb_session where id = ?".formatted(COLUMNS);

  /** Parameters: resource. */
  static final String HOLDER =
      "select %s from {s}.eb_session where resource = ? and not shared".formatted(COLUMNS);

  /** Begins a query that the caller narrows. */
  static final String LIST = "select %s from {s}.eb_session where true".formatted(COLUMNS);

  static final String COUNT = "select count(*) from {s}.eb_session";

  /** Parameters: resource, fence. See {@link JdbcSessionStore#condition}. */
  static final String CONDITION =
      """
      exists (select from {s}.eb_session \
      where resource = ? and fence = ? and not shared for key share)""";

  private SessionSql() {}

  /** Locks first, in order, then deletes what it has locked, and notes it for its owner. */
  private static String endingBehindTheOwner(ReleaseReason reason, String which) {
    return """
        with gone as materialized (
          select id as gone_id from {s}.eb_session s %1$s),
        ended as (
          delete from {s}.eb_session using gone where id = gone_id returning %2$s),
        noted as (
          insert into {s}.eb_lost (%2$s, reason, ended_at)
          select %2$s, '%3$s', {now} from ended)
        select * from ended"""
        .formatted(which, COLUMNS, reason.name());
  }
}
