// Makes Better Auth's tables, or brings them up to date with auth.ts, and gives the Go server's role what it
// needs and no more. It can run any number of times.

import { getMigrations } from "better-auth/db/migration";
import { escapeIdentifier, type PoolClient } from "pg";

import { options, pool, settings } from "./auth.js";

try {
  const client = await pool.connect();
  try {
    await client.query("select pg_advisory_lock(hashtext('better_auth migrate'))"); // until the connection ends
    await migrate(client);
  } finally {
    client.release(true);
  }
} catch (error) {
  console.error("migrate:", error instanceof Error && error.message !== "" ? error.message : error);
  process.exitCode = 1;
} finally {
  await pool.end();
}

async function migrate(client: PoolClient): Promise<void> {
  const schema = await client.query("select from pg_namespace where nspname = 'better_auth'");
  if (schema.rowCount === 0) {
    throw new Error("there is no schema better_auth: apply the migrations in migrations/ first");
  }
  const { toBeCreated, toBeAdded, toBeAddedIndexes, runMigrations } = await getMigrations(options);
  await runMigrations();
  for (const { table } of toBeCreated) console.log(`made table ${table}`);
  for (const { table, fields } of toBeAdded) console.log(`added to table ${table}: ${Object.keys(fields).join(", ")}`);
  for (const { name } of toBeAddedIndexes) console.log(`made index ${name}`);

  await closeToCallers(client);
  await openToGoServer(client);
}

// InsForge's data API serves every schema it finds, so rights are all that keeps its callers out.
async function closeToCallers(client: PoolClient): Promise<void> {
  const { rows } = await client.query("select rolname from pg_roles where rolname in ('anon', 'authenticated')");
  const callers = ["public", ...rows.map(({ rolname }) => escapeIdentifier(rolname))].join(", ");
  await client.query(`revoke all on all tables in schema better_auth from ${callers}`);
}

async function openToGoServer(client: PoolClient): Promise<void> {
  const reader = decodeURIComponent(new URL(process.env["DATABASE_URL"] || settings.databaseURL).username);
  const { rows: [own] } = await client.query("select current_user as name");
  if (reader === own.name) {
    console.warn(`DATABASE_URL connects as ${reader}, who owns the tables: give the Go server a role that can only look up sessions (roles.sql)`);
    return;
  }
  const { rows: [found] } = await client.query(
    "select has_schema_privilege(oid, 'better_auth', 'usage') as enters from pg_roles where rolname = $1", [reader]);
  if (!found) throw new Error(`there is no role ${reader}, as whom DATABASE_URL connects: roles.sql makes one`);
  const role = escapeIdentifier(reader);
  if (!found.enters) await client.query(`grant usage on schema better_auth to ${role}`);
  await client.query(`revoke all on all tables in schema better_auth from ${role}`);
  await client.query(`grant select (token, "userId", "expiresAt") on better_auth.session to ${role}`);
  await client.query(`grant select (id) on better_auth."user" to ${role}`);
  console.log(`${reader} can look up sessions`);
}
