-- Up Migration

-- What lists filter by beside the status, a line each: `priority:high`, `tag:repair`. And when an actor last moved in a
-- list that is ordered by change: at most once a minute, or each turn would have to write all indexes of the row.
ALTER TABLE actors ADD COLUMN labels text, ADD COLUMN listed_at timestamptz NOT NULL DEFAULT now();
UPDATE actors SET listed_at = updated_at WHERE status IS NOT NULL;
-- As actors/session/labels.ts has them; a session whose text can't be read here gets them when it next changes.
DO $$
DECLARE one record;
BEGIN
  FOR one IN SELECT tenant, id, state FROM actors WHERE type = 'session' LOOP
    BEGIN
      UPDATE actors SET labels = concat_ws(E'\n', 'type:' || (one.state ->> 'session_type'),
        'priority:' || (one.state ->> 'priority'), 'by:' || (one.state ->> 'created_by'), 'model:' || (one.state ->> 'model'),
        (SELECT string_agg('tag:' || tag, E'\n') FROM json_array_elements_text(one.state -> 'tags') AS tag))
      WHERE tenant = one.tenant AND type = 'session' AND id = one.id;
    EXCEPTION WHEN OTHERS THEN NULL;
    END;
  END LOOP;
END $$;

-- Only kinds with a status are listed as a whole; others cost their commits no index for it. Each order ends in the id:
-- a page goes on exactly behind the row before it.
DROP INDEX actors_by_status, actors_by_created;
CREATE INDEX actors_by_status ON actors ((tenant || '/' || type), status, created_at DESC, id DESC)
  WHERE status IS NOT NULL;
CREATE INDEX actors_by_created ON actors ((tenant || '/' || type), created_at DESC, id DESC) WHERE status IS NOT NULL;
CREATE INDEX actors_by_title ON actors ((tenant || '/' || type), (left(title, 120)), id) WHERE status IS NOT NULL;
CREATE INDEX actors_by_change ON actors ((tenant || '/' || type), listed_at) WHERE status IS NOT NULL;

-- The words of an actor, and as `=label` and `==tenant/type` what else a search is narrowed by: one index finds what has
-- all of them. A table of its own, since the words rarely change and the actor often does.
CREATE TABLE searched (
  tenant text NOT NULL,
  type text NOT NULL,
  id text NOT NULL,
  words tsvector NOT NULL,
  PRIMARY KEY (tenant, type, id)
);
CREATE INDEX searched_words ON searched USING gin (words) WITH (gin_pending_list_limit = 256);

-- How many actors of a kind have a status: the sum of the rows. Whoever commits adds rows and waits for nobody; now and
-- then many become one.
CREATE TABLE status_counts (
  kind text NOT NULL,
  status text NOT NULL,
  n bigint NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
CREATE INDEX status_counts_by_kind ON status_counts (kind);

-- Commits bring the words of new actors with them; this is for those whose title or labels change later, and for rows
-- that others write. Cut and folded as protocols/search-words.ts does it: marks part words. Text that Postgres can't
-- hold (a NUL, half a surrogate pair) must not make a commit fail: it is not searched then.
CREATE FUNCTION search_words(kind text, title text, labels text, state json) RETURNS tsvector
LANGUAGE plpgsql STABLE AS $$
DECLARE
  body text := '';
BEGIN
  BEGIN
    body := concat_ws(' ', state ->> 'description', state ->> 'initial_prompt');
  EXCEPTION WHEN OTHERS THEN
    body := '';
  END;
  RETURN
    strip(to_tsvector('simple', translate(left(concat_ws(' ', title, body), 12000), E'!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~', repeat(' ', 32))))
    || array_to_tsvector(ARRAY(
      SELECT left('=' || label, 200) FROM unnest(string_to_array(labels, E'\n')) AS label
      UNION SELECT '==' || kind));
END $$;

CREATE FUNCTION list_actor() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' AND OLD.status IS NOT NULL AND (TG_OP = 'DELETE' OR NEW.status IS DISTINCT FROM OLD.status) THEN
    INSERT INTO status_counts VALUES (OLD.tenant || '/' || OLD.type, OLD.status, -1);
  END IF;
  IF TG_OP = 'DELETE' THEN
    DELETE FROM searched WHERE tenant = OLD.tenant AND type = OLD.type AND id = OLD.id;
    RETURN NULL;
  END IF;
  IF NEW.status IS NOT NULL AND (TG_OP = 'INSERT' OR NEW.status IS DISTINCT FROM OLD.status) THEN
    INSERT INTO status_counts VALUES (NEW.tenant || '/' || NEW.type, NEW.status, 1);
  END IF;
  IF TG_OP = 'INSERT' THEN
    PERFORM 1 FROM searched WHERE tenant = NEW.tenant AND type = NEW.type AND id = NEW.id;
    IF FOUND THEN RETURN NULL; END IF;
  END IF;
  IF TG_OP = 'INSERT' OR NEW.title IS DISTINCT FROM OLD.title OR NEW.labels IS DISTINCT FROM OLD.labels THEN
    INSERT INTO searched VALUES (NEW.tenant, NEW.type, NEW.id,
      search_words(NEW.tenant || '/' || NEW.type, NEW.title, NEW.labels, NEW.state))
    ON CONFLICT (tenant, type, id) DO UPDATE SET words = excluded.words;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER list_new AFTER INSERT ON actors FOR EACH ROW
  WHEN (NEW.status IS NOT NULL) EXECUTE FUNCTION list_actor();
CREATE TRIGGER list_changed AFTER UPDATE ON actors FOR EACH ROW
  WHEN (OLD.status IS DISTINCT FROM NEW.status OR OLD.title IS DISTINCT FROM NEW.title
    OR OLD.labels IS DISTINCT FROM NEW.labels) EXECUTE FUNCTION list_actor();
CREATE TRIGGER list_gone AFTER DELETE ON actors FOR EACH ROW
  WHEN (OLD.status IS NOT NULL) EXECUTE FUNCTION list_actor();

INSERT INTO status_counts SELECT tenant || '/' || type, status, count(*) FROM actors
  WHERE status IS NOT NULL GROUP BY 1, 2;
INSERT INTO searched SELECT tenant, type, id, search_words(tenant || '/' || type, title, labels, state) FROM actors
  WHERE status IS NOT NULL;

-- Down Migration

DROP TRIGGER list_new ON actors;
DROP TRIGGER list_changed ON actors;
DROP TRIGGER list_gone ON actors;
DROP FUNCTION list_actor;
DROP FUNCTION search_words;
DROP TABLE status_counts, searched;
DROP INDEX actors_by_status, actors_by_created, actors_by_title, actors_by_change;
ALTER TABLE actors DROP COLUMN labels, DROP COLUMN listed_at;
CREATE INDEX actors_by_status ON actors ((tenant || '/' || type), status, created_at DESC);
CREATE INDEX actors_by_created ON actors ((tenant || '/' || type), created_at DESC);
