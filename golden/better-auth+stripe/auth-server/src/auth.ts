// What Better Auth is told. Add sign-in methods and plugins here, then run `make auth-migrate`: many of
// them need tables or columns of their own.

import { betterAuth, type BetterAuthOptions } from "better-auth";
import { createAuthMiddleware } from "better-auth/api";
import { Pool } from "pg";

import { checkOptions } from "./check.js";
import { orExit, readSettings } from "./settings.js";

export const settings = orExit(() => readSettings(process.env));

export const pool = new Pool({
  connectionString: settings.databaseURL,
  // The tables are in this schema alone. With public behind it, a missing schema would go unnoticed and
  // the tables would be made in public, where InsForge's data API shows them to everybody.
  options: "-c search_path=better_auth",
  max: 10,
  connectionTimeoutMillis: 5_000,
  query_timeout: 10_000,
});
// A connection that breaks while nobody uses it is replaced; unheard, the event would end the process.
pool.on("error", (error) => console.error("database:", error.message));

export const options = {
  appName: "shop",
  baseURL: settings.url,
  secret: settings.secret,
  trustedOrigins: [settings.url],
  database: pool,
  emailAndPassword: {
    enabled: true,
    revokeSessionsOnPasswordReset: true,
  },
  user: {
    deleteUser: { enabled: true },
  },
  rateLimit: {
    // Also while developing, so that nobody meets it in production first. It counts in memory: with several
    // of these servers, each counts what comes to it.
    enabled: true,
  },
  advanced: {
    // The Go server overwrites it. Nothing else can reach this server, or sees to it as well.
    ipAddress: { ipAddressHeaders: ["x-forwarded-for"] },
  },
  hooks: {
    before: createAuthMiddleware(async (context) => {
      // Whoever changes a password may well do it because somebody else is signed in.
      if (context.path === "/change-password") {
        return { context: { body: { ...context.body, revokeOtherSessions: true } } };
      }
      return undefined;
    }),
  },
  telemetry: { enabled: false },
} satisfies BetterAuthOptions;

orExit(() => checkOptions(options, settings.url));

export const auth = betterAuth(options);
