import type { AuditFinding } from "@floe/core/plugin";
import type { ClientBase } from "pg";
import { admitEvent, KEEP_PRUNING, keepEvent } from "./schema.ts";

/** Constraints by table, as PostgreSQL writes them. */
const CONSTRAINTS: Readonly<Record<string, readonly string[]>> = {
  event: [
    "PRIMARY KEY (chain, seq)",
    "CHECK ((seq >= 0))",
    "CHECK ((octet_length(bytes) <= 1048576))",
  ],
  pruning: ["PRIMARY KEY (chain)", "CHECK ((before_seq > 0))"],
  schema_version: ["PRIMARY KEY (version)"],
};

/** Triggers: the table, what calls them (pg_trigger.tgtype), and the function. */
const TRIGGERS: Readonly<Record<string, string>> = {
  // ROW 1, BEFORE 2, INSERT 4, DELETE 8, UPDATE 16, TRUNCATE 32.
  admit_event: "event 7 admit_event",
  keep_event: "event 27 keep_event",
  keep_events: "event 34 keep_event",
  keep_pruning: "pruning 27 keep_pruning",
};

/**
 * What the database shows besides the events: tables, triggers or functions that are not as floe made them, and rights that the role
 * of this connection should not have.
 */
export async function findings(
  client: ClientBase,
  schema: string,
  location: string,
): Promise<AuditFinding[]> {
  const problems = await problemsOf(client, schema);
  const { rows } = await client.query<{ may: string }>(
    `SELECT may FROM unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER']) may WHERE has_table_privilege('${schema}.event', may)`,
  );
  return [
    ...problems.map((problem) => ({
      code: "schema_changed",
      message: `${location}: ${problem}`,
      tampering: true,
    })),
    ...(rows.length === 0
      ? []
      : [
          {
            code: "role_may_change",
            message: `${location}: the role that floe uses may do more than add events (${rows.map(({ may }) => may).join(", ")}); docs/guides/audit.md has the SQL for one that may not`,
            tampering: false,
          },
        ]),
  ];
}

async function problemsOf(client: ClientBase, schema: string): Promise<string[]> {
  const inSchema = "(SELECT oid FROM pg_namespace WHERE nspname = $1)";
  const ask = async (sql: string): Promise<Map<string, string>> => {
    const { rows } = await client.query<{ name: string; is: string }>(sql, [schema]);
    return new Map(rows.map(({ name, is }) => [name, is]));
  };
  // Indexes are left out: one more harms nobody.
  const relations = await ask(
    `SELECT relname AS name, relkind::text || CASE WHEN relrowsecurity THEN ' with row security' ELSE '' END || CASE WHEN relhasrules THEN ' with rules' ELSE '' END || CASE WHEN relhassubclass THEN ' with children' ELSE '' END AS is FROM pg_class WHERE relnamespace = ${inSchema} AND relkind NOT IN ('i', 'I', 't')`,
  );
  const triggers = await ask(
    `SELECT tgname AS name, concat_ws(' ', relname, tgtype, proname, CASE WHEN tgenabled NOT IN ('O', 'A') THEN 'disabled' END, CASE WHEN tgqual IS NOT NULL THEN 'sometimes' END, CASE WHEN pronamespace <> relnamespace THEN 'elsewhere' END) AS is FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid JOIN pg_proc ON pg_proc.oid = tgfoid WHERE relnamespace = ${inSchema} AND NOT tgisinternal`,
  );
  const functions = await ask(
    `SELECT proname AS name, prosrc AS is FROM pg_proc WHERE pronamespace = ${inSchema}`,
  );
  const constraints = await ask(
    `SELECT concat_ws(' ', relname, pg_get_constraintdef(pg_constraint.oid)) AS name, CASE WHEN convalidated THEN '' ELSE 'not validated' END AS is FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid WHERE connamespace = ${inSchema} AND contype <> 'n'`,
  );
  const wanted = {
    table: Object.fromEntries(Object.keys(CONSTRAINTS).map((name) => [name, "r"])),
    trigger: TRIGGERS,
    function: {
      admit_event: admitEvent(schema),
      keep_event: keepEvent(schema),
      keep_pruning: KEEP_PRUNING,
    },
    constraint: Object.fromEntries(
      Object.entries(CONSTRAINTS).flatMap(([table, all]) =>
        all.map((one) => [`${table} ${one}`, ""]),
      ),
    ),
  };
  return [
    ...differences("table", relations, wanted.table),
    ...differences("trigger", triggers, wanted.trigger),
    ...differences("function", functions, wanted.function),
    ...differences("constraint", constraints, wanted.constraint),
  ];
}

function differences(
  kind: string,
  found: ReadonlyMap<string, string>,
  wanted: Readonly<Record<string, string>>,
): string[] {
  const names = new Set([...Object.keys(wanted), ...found.keys()]);
  return [...names].sort().flatMap((name) => {
    if (!Object.hasOwn(wanted, name)) return [`the ${kind} ${name} is not floe's`];
    if (!found.has(name)) return [`the ${kind} ${name} is missing`];
    return found.get(name) === wanted[name] ? [] : [`the ${kind} ${name} is changed`];
  });
}
