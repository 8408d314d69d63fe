// The settings, read from the same variables as the Go server's.

export interface Settings {
  secret: string;
  url: string; // the origin browsers use
  databaseURL: string;
  host: string;
  port: number;
}

// What Better Auth signs with when nobody gave it a secret; anybody can.
const publicSecret = "better-auth-secret-12345678901234567890";

// Throws one error with every problem on a line of its own, and no value.
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const problems: string[] = [];
  const required = (name: string): string => {
    const value = env[name] ?? "";
    if (value === "") problems.push(`${name} is missing`);
    return value;
  };

  const secret = required("BETTER_AUTH_SECRET");
  if (secret !== "" && !isStrong(secret)) {
    problems.push("BETTER_AUTH_SECRET is not valid; want at least 32 characters that are hard to guess, no blanks or quotes");
  }
  if (secret !== "" && secret === env["INSFORGE_JWT_SECRET"]) {
    problems.push("BETTER_AUTH_SECRET is the same as INSFORGE_JWT_SECRET: whoever learns one would hold both");
  }
  // Better Auth reads this one by itself, and signs with the first of them.
  const first = env["BETTER_AUTH_SECRETS"]?.split(",")[0]?.trim().replace(/^\d+:/, "");
  if (first !== undefined && first !== secret) {
    problems.push("BETTER_AUTH_SECRETS must begin with BETTER_AUTH_SECRET: the Go server checks cookies with that one alone");
  }

  const url = required("BETTER_AUTH_URL");
  if (url !== "" && !isOrigin(url)) {
    problems.push("BETTER_AUTH_URL is not valid; want an origin such as https://app.example.com, without a path or a final slash");
  } else if (env["APP_ENV"] === "production" && url.startsWith("http:")) {
    problems.push("BETTER_AUTH_URL must be https in production");
  }

  const databaseURL = required("BETTER_AUTH_DATABASE_URL");
  if (databaseURL !== "" && !/^postgres(ql)?:\/\/\S+$/.test(databaseURL)) {
    problems.push("BETTER_AUTH_DATABASE_URL is not valid; want postgres://user:password@host:5432/database");
  }

  const listen = /^(.+):(\d{1,5})$/.exec(env["BETTER_AUTH_LISTEN"] || "127.0.0.1:3000");
  const port = Number(listen?.[2]);
  if (!listen || port > 65535) problems.push("BETTER_AUTH_LISTEN is not valid; want host:port");

  if (problems.length > 0) throw new Error("configuration:\n" + problems.join("\n"));
  return { secret, url, databaseURL, host: listen![1]!.replace(/^\[|\]$/g, ""), port };
}

// The Go server asks for the same.
function isStrong(secret: string): boolean {
  if (secret.length < 32 || secret === publicSecret || /["'`\s]/.test(secret)) return false;
  return secret.length * Math.log2(new Set(secret).size) >= 120;
}

function isOrigin(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && new URL(text).origin === text;
}

// Runs a check of what the user has set. Its error needs no stack to be understood.
export function orExit<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    console.error(`auth-server: ${(error as Error).message}`);
    process.exit(1);
  }
}
