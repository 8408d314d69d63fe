import type { BetterAuthOptions } from "better-auth";

// The Go server checks a session by itself: the cookie's signature, then the row of table session. Throws
// one error with every option under which it would refuse everybody, or take an ended session for a live one.
export function checkOptions(options: BetterAuthOptions, url: string): void {
  const { session, user, advanced } = options;
  const problems: string[] = [];
  const refuse = (when: boolean, name: string, why: string) => {
    if (when) problems.push(`${name}: ${why}`);
  };
  refuse(!options.database, "database", "without one, sessions have no rows");
  refuse(options.basePath !== undefined && options.basePath !== "/api/auth", "basePath", "the Go server passes on /api/auth/ alone");
  refuse(!!options.secondaryStorage && !session?.storeSessionInDatabase, "secondaryStorage",
    "without session.storeSessionInDatabase, sessions have no rows");
  refuse(!!session?.preserveSessionInDatabase, "session.preserveSessionInDatabase", "the rows of sessions that were signed out would still open them");
  refuse(!!session?.cookieCache?.enabled, "session.cookieCache", "the cached session would outlive its row, and the two servers would disagree");
  refuse(advanced?.cookiePrefix !== undefined && advanced.cookiePrefix !== "better-auth", "advanced.cookiePrefix",
    "the Go server looks for better-auth.session_token");
  refuse(advanced?.cookies?.["session_token"]?.name !== undefined, "advanced.cookies.session_token.name",
    "the Go server looks for better-auth.session_token");
  refuse(advanced?.useSecureCookies !== undefined && advanced.useSecureCookies !== url.startsWith("https://"),
    "advanced.useSecureCookies", "the Go server expects the __Secure- prefix exactly when BETTER_AUTH_URL is https");
  refuse(advanced?.database?.generateId === "serial", "advanced.database.generateId", "the Go server expects user IDs to be text");
  for (const [name, table] of Object.entries({ session, user })) {
    refuse(table?.modelName !== undefined && table.modelName !== name, `${name}.modelName`, `the Go server reads better_auth.${name}`);
    refuse(Object.keys(table?.fields ?? {}).length > 0, `${name}.fields`, `the Go server reads better_auth.${name} with Better Auth's own columns`);
  }
  if (problems.length > 0) throw new Error("options the Go server cannot live with:\n" + problems.join("\n"));
}
