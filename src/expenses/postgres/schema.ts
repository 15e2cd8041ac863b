import type { Migrations } from '../../stores/postgres.ts'

/** Sums of all time, of a month each, of a day each: how many characters of a date tell which. */
const SUMS = { expenses_total: 0, expenses_month: 7, expenses_day: 10 }

const GROUP = 'tid, oid, period, currency, category, payment_method'

const forSums = (statements: (table: string, length: number) => string): string =>
  Object.entries(SUMS)
    .map(([table, length]) => statements(table, length))
    .join('')

const periodOf = (date: string, length: number) => `left(to_char(${date}, 'YYYY-MM-DD'), ${length})`

const createSums = (schema: string) =>
  forSums(
    (table, length) => `
    CREATE TABLE ${schema}.${table} (
      tid text COLLATE "C" NOT NULL,
      oid text COLLATE "C" NOT NULL,
      period text COLLATE "C" NOT NULL,
      currency text COLLATE "C" NOT NULL,
      category text NOT NULL,
      payment_method text NOT NULL,
      count bigint NOT NULL,
      minor_units numeric NOT NULL,
      PRIMARY KEY (${GROUP})
    );
    INSERT INTO ${schema}.${table}
      SELECT tid, oid, ${periodOf('date', length)} AS period, currency, category, payment_method,
        count(*), sum(minor_units) FROM ${schema}.expenses GROUP BY ${GROUP};`,
  )

/** For a trigger: an expense is there from now on. */
const count = (schema: string) =>
  forSums(
    (table, length) => `
    INSERT INTO ${schema}.${table} AS s VALUES (NEW.tid, NEW.oid, ${periodOf('NEW.date', length)},
      NEW.currency, NEW.category, NEW.payment_method, 1, NEW.minor_units)
    ON CONFLICT (${GROUP}) DO UPDATE SET count = s.count + 1,
      minor_units = s.minor_units + excluded.minor_units;`,
  )

/** For a trigger: an expense is there no more. */
const discount = (schema: string) =>
  forSums((table, length) => {
    const group = `tid = OLD.tid AND oid = OLD.oid AND period = ${periodOf('OLD.date', length)}
      AND currency = OLD.currency AND category = OLD.category
      AND payment_method = OLD.payment_method`
    return `
    UPDATE ${schema}.${table} SET count = count - 1, minor_units = minor_units - OLD.minor_units
      WHERE ${group};
    DELETE FROM ${schema}.${table} WHERE ${group} AND count = 0;`
  })

// One owner's changes come one after another: else two that move expenses between the same two
// months could wait for each other.
const createTrigger = (schema: string) => `
    CREATE FUNCTION ${schema}.count_expense() RETURNS trigger LANGUAGE plpgsql AS $body$
    BEGIN
      PERFORM pg_advisory_xact_lock(hashtextextended(
        '${schema}/' || coalesce(NEW.tid, OLD.tid) || '/' || coalesce(NEW.oid, OLD.oid), 0));
      IF TG_OP <> 'INSERT' THEN ${discount(schema)} END IF;
      IF TG_OP <> 'DELETE' THEN ${count(schema)} END IF;
      RETURN NULL;
    END $body$;
    CREATE TRIGGER expense_counted AFTER INSERT OR DELETE
      OR UPDATE OF date, minor_units, currency, category, payment_method ON ${schema}.expenses
      FOR EACH ROW EXECUTE FUNCTION ${schema}.count_expense();`

/** The changes of the schema, in order. */
export const MIGRATIONS: Migrations = [
  (schema) => `
    CREATE TABLE ${schema}.expenses (
      id uuid PRIMARY KEY,
      seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
      tid text COLLATE "C" NOT NULL,
      oid text COLLATE "C" NOT NULL,
      date date NOT NULL,
      minor_units bigint NOT NULL,
      currency text COLLATE "C" NOT NULL,
      category text NOT NULL,
      description text NOT NULL,
      payment_method text NOT NULL,
      created timestamptz NOT NULL
    );
    CREATE INDEX expenses_of_owner
      ON ${schema}.expenses (tid, oid, date, seq, currency, minor_units);`,
  // What PostgreSQL folds as foldText does, it folds itself. The sums are kept by a trigger, and so
  // also by replicas of an older release that still run.
  (schema) => `
    ALTER TABLE ${schema}.expenses ADD COLUMN version integer NOT NULL DEFAULT 1,
      ADD COLUMN folded text COLLATE "C";
    UPDATE ${schema}.expenses SET folded = upper(description COLLATE "C")
      WHERE description COLLATE "C" !~ '[^ -~]';
    ${createSums(schema)}
    ${createTrigger(schema)}
    DROP INDEX ${schema}.expenses_of_owner;
    CREATE INDEX expenses_in_order
      ON ${schema}.expenses (tid, oid, date, seq, category, payment_method);
    CREATE INDEX expenses_by_amount
      ON ${schema}.expenses (tid, oid, currency, minor_units, date, seq, category, payment_method);
    CREATE INDEX expenses_unfolded ON ${schema}.expenses (seq) WHERE folded IS NULL;
    CREATE TABLE ${schema}.expenses_deleted (
      id uuid PRIMARY KEY,
      seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
      tid text COLLATE "C" NOT NULL,
      oid text COLLATE "C" NOT NULL,
      version integer NOT NULL
    );
    CREATE INDEX expenses_deleted_of_owner ON ${schema}.expenses_deleted (tid, oid, seq);`,
  // What seals the cursors of these lists, on whichever replica; two random ids have 244 random bits.
  (schema) => `
    CREATE TABLE ${schema}.expenses_cursor_key (key bytea NOT NULL);
    INSERT INTO ${schema}.expenses_cursor_key
      SELECT decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex');`,
]
