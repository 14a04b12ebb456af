"""The functions that make and drop days of the log, as migrations make them.

Either is defining a table: the owner does it on behalf of the worker, and nothing else. Both need the log to
themselves for a moment; they give up after half a second rather than keep those who write waiting, and are tried again.
"""

ID_BITS = "CAST(CAST('x' || right(replace(CAST(event_id AS text), '-', ''), 15) AS bit(60)) AS bigint)"
"""The last 60 bits of an event's id as a number: what digests add up, on both sides of the exchange."""

DAYS_V2 = """
CREATE FUNCTION {s}.plan_log_days(first date, days integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {s}, pg_temp SET lock_timeout = '500ms' AS $$
DECLARE
    wanted date;
    planned date[] := '{{}}';
    move text := 'WITH moved AS (DELETE FROM {s}.event_log_unplanned WHERE day = %L RETURNING *)'
        ' INSERT INTO {s}.%I SELECT * FROM moved';
    named text := '"event_log_"YYYYMMDD';
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('{s}.plan_log_days'));
    FOR wanted IN SELECT first + number FROM generate_series(0, days - 1) AS number LOOP
        CONTINUE WHEN to_regclass('{s}.' || to_char(wanted, named)) IS NOT NULL;
        -- With the index and the limits that a day must have, so that attaching it looks at nothing.
        EXECUTE format('CREATE TABLE {s}.%I (LIKE {s}.event_log INCLUDING DEFAULTS INCLUDING INDEXES,'
            ' CONSTRAINT one_day CHECK (day >= %L AND day < %L))', to_char(wanted, named), wanted, wanted + 1);
        EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON {s}.%I FROM {s}_api, {s}_worker', to_char(wanted, named));
        -- What was written before its day was planned moves there; until the commit it is seen where it was.
        EXECUTE format(move, wanted, to_char(wanted, named));
        planned := planned || wanted;
    END LOOP;
    IF cardinality(planned) = 0 THEN
        RETURN 0;
    END IF;
    -- Whoever is writing ends first, and whoever begins now finds the new days: an event that is on its way
    -- to event_log_unplanned while its day is attached would be refused there.
    LOCK TABLE ONLY {s}.event_log IN SHARE ROW EXCLUSIVE MODE;
    LOCK TABLE ONLY {s}.event_log_unplanned IN ACCESS EXCLUSIVE MODE;
    FOREACH wanted IN ARRAY planned LOOP
        EXECUTE format(move, wanted, to_char(wanted, named));
        EXECUTE format('ALTER TABLE {s}.event_log ATTACH PARTITION {s}.%I FOR VALUES FROM (%L) TO (%L)',
            to_char(wanted, named), wanted, wanted + 1);
        EXECUTE format('ALTER TABLE {s}.%I DROP CONSTRAINT one_day', to_char(wanted, named));
    END LOOP;
    RETURN cardinality(planned);
END $$
---
CREATE FUNCTION {s}.drop_log_day(wanted date, listeners text[]) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {s}, pg_temp SET lock_timeout = '500ms' AS $$
DECLARE
    name text := to_char(wanted, '"event_log_"YYYYMMDD');
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('{s}.plan_log_days'));
    IF to_regclass('{s}.' || name) IS NULL THEN
        RETURN 'no_such_day';
    END IF;
    IF EXISTS (SELECT FROM {s}.event_counter c WHERE c.day <= wanted) THEN
        RETURN 'day_not_closed';
    END IF;
    -- What is gone is the beginning of the log and nothing else.
    IF EXISTS (SELECT FROM {s}.event_log l WHERE l.day < wanted) THEN
        RETURN 'earlier_day_held';
    END IF;
    IF EXISTS (SELECT FROM (
            SELECT l.partition, count(*) AS events, min(l.seq) AS first_seq, max(l.seq) AS last_seq,
                sum({bits}) AS digest
            FROM {s}.event_log l WHERE l.day = wanted GROUP BY l.partition
        ) h LEFT JOIN {s}.log_archive a ON a.day = wanted AND a.partition = h.partition AND a.events = h.events
            AND a.first_seq = h.first_seq AND a.last_seq = h.last_seq AND a.digest = h.digest
        WHERE a.partition IS NULL) THEN
        RETURN 'not_archived';
    END IF;
    IF EXISTS (SELECT FROM unnest(listeners) AS l WHERE NOT EXISTS (
        SELECT FROM {s}.heard_position h WHERE h.listener = l)) THEN
        RETURN 'listener_unknown';
    END IF;
    IF EXISTS (SELECT FROM {s}.log_archive a CROSS JOIN (SELECT DISTINCT listener FROM {s}.heard_position) l
        LEFT JOIN {s}.heard_position h ON h.listener = l.listener AND h.partition = a.partition
        WHERE a.day = wanted AND coalesce(h.last_seq, 0) < a.last_seq) THEN
        RETURN 'listener_behind';
    END IF;
    IF EXISTS (SELECT FROM {s}.log_archive a JOIN {s}.relay_cursor r USING (partition)
        WHERE a.day = wanted AND r.published_through < a.last_seq) THEN
        RETURN 'not_published';
    END IF;
    UPDATE {s}.log_archive SET dropped_at = clock_timestamp() WHERE day = wanted;
    EXECUTE format('DROP TABLE {s}.%I', name);
    RETURN NULL;
END $$
---
REVOKE ALL ON FUNCTION {s}.plan_log_days(date, integer), {s}.drop_log_day(date, text[]) FROM PUBLIC, {s}_api
---
SELECT {s}.plan_log_days(CAST(now() AT TIME ZONE 'UTC' AS date), 4)
"""
