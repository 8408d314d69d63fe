// Serves OpenID providers: real ones, of the npm package oidc-provider, behind the names and paths of hosted
// ones. The first argument is a list of them as JSON; a line on stdout says on which ports of this machine
// they and their controls are. It ends with its standard input.
import { createServer } from "node:http";
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

// The package is where it was installed, not beside this file.
const load = createRequire(process.argv[3] + "/");
const { default: Provider } = await import(pathToFileURL(load.resolve("oidc-provider")));

const newKey = () => ({
  ...generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" }),
  kid: randomUUID(), use: "sig", alg: "RS256",
});

// storage is where a tenant keeps what it hands out. It outlives the provider that open makes.
const storage = () => {
  const kept = new Map();
  return class {
    constructor(model) {
      this.model = model;
    }
    async upsert(id, payload) {
      kept.set(this.model + id, payload);
    }
    async find(id) {
      return kept.get(this.model + id);
    }
    async findByUid(uid) {
      for (const [name, payload] of kept) if (name.startsWith(this.model) && payload.uid === uid) return payload;
    }
    async consume(id) {
      kept.get(this.model + id).consumed = Math.floor(Date.now() / 1000);
    }
    async destroy(id) {
      kept.delete(this.model + id);
    }
    async revokeByGrantId(grant) {
      for (const [name, payload] of kept) if (payload.grantId === grant) kept.delete(name);
    }
  };
};

class Tenant {
  storage = storage();
  keys = [newKey()];
  users = new Map(); // what is known of each, by sub
  grants = new Map(); // IDs of each user's

  constructor(setup) {
    this.setup = setup;
    this.open();
  }

  user(sub) {
    if (!this.users.has(sub)) this.users.set(sub, { claims: {}, blocked: false });
    return this.users.get(sub);
  }

  // open makes the provider anew, with the keys that there are now. What it has handed out stays good.
  open() {
    const { issuer, paths, client, offline, auth, logout } = this.setup;
    const provider = new Provider(issuer, {
      adapter: this.storage,
      jwks: { keys: this.keys },
      clients: [{
        client_id: client.id,
        client_secret: client.secret,
        token_endpoint_auth_method: auth,
        grant_types: ["authorization_code", "refresh_token"],
        redirect_uris: client.redirects,
        post_logout_redirect_uris: client.logouts,
      }],
      routes: paths,
      cookies: { keys: ["only for tests"] },
      // Hosted providers put the profile into the ID token.
      conformIdTokenClaims: false,
      claims: { openid: ["sub"], profile: ["name"], email: ["email", "email_verified"] },
      scopes: ["openid", "profile", "email", "offline"],
      pkce: { required: () => true },
      rotateRefreshToken: true,
      issueRefreshToken: (_, client, code) => code.scopes.has("offline"),
      ttl: { AccessToken: 3600, AuthorizationCode: 60, Grant: 86400, IdToken: 3600, Interaction: 3600, RefreshToken: 86400, Session: 86400 },
      findAccount: (_, sub) => {
        const user = this.user(sub);
        return user.blocked ? undefined : { accountId: sub, claims: () => ({ sub, ...user.claims }) };
      },
      features: {
        rpInitiatedLogout: {
          logoutSource: async (ctx, form) => {
            const { session, entities } = ctx.oidc;
            // Who brings the ID token of this very session along is its application, which has asked by then.
            // The provider has checked that it is one of its own.
            if (entities.IdTokenHint?.payload.sub === session.accountId) {
              const to = session.state.postLogoutRedirectUri;
              await session.destroy();
              return ctx.redirect(to);
            }
            ctx.body = `<!doctype html><title>Sign out?</title><link rel="icon" href="data:,">${form}<button form="op.logoutForm" name="logout" value="yes">Yes, sign me out</button>`;
          },
        },
      },
      // The application is the tenant's own, so nobody is asked for consent.
      loadExistingGrant: async (ctx) => {
        const { accountId } = ctx.oidc.session;
        const grant = new provider.Grant({ clientId: ctx.oidc.client.clientId, accountId });
        grant.addOIDCScope("openid profile email offline");
        this.grants.set(accountId, [...(this.grants.get(accountId) ?? []), await grant.save()]);
        return grant;
      },
    });
    provider.proxy = true;
    provider.use(async (ctx, next) => {
      if (logout && ctx.path === logout.path) {
        const to = ctx.query[logout.parameter];
        const session = await provider.Session.get(ctx);
        await session.destroy();
        ctx.redirect(client.logouts.includes(to) ? to : "/not-on-the-list");
        return;
      }
      await next();
      if (ctx.path === "/.well-known/openid-configuration") {
        ctx.body.scopes_supported = ctx.body.scopes_supported.map((s) => (s === "offline" ? offline : s));
      }
    });
    provider.on("server_error", (_, err) => console.error(err));
    this.provider = provider;
    const callback = provider.callback();
    // Everything may be below a path of the host's.
    const below = new URL(issuer).pathname.replace(/\/$/, "");
    this.callback = (req, res) => {
      if (!req.url.startsWith(below + "/")) return res.writeHead(404).end();
      const url = new URL(req.url.slice(below.length), issuer);
      // A hosted provider needs no prompt for the scope, which has a name of its own there.
      if (url.pathname === paths.authorization && url.searchParams.has("scope")) {
        url.searchParams.set("scope", url.searchParams.get("scope").split(" ").map((s) => (s === offline ? "offline" : s)).join(" "));
      }
      req.url = url.pathname + url.search;
      req.originalUrl = below + req.url;
      return callback(req, res);
    };
  }

  // control does what an administrator does: POST /<what>?sub=<user>.
  async control(what, query) {
    const sub = query.get("sub");
    switch (what) {
      case "/rotate":
        this.keys = [newKey(), ...this.keys];
        return this.open();
      case "/claims":
        this.user(sub).claims = JSON.parse(query.get("claims"));
        return;
      case "/block":
        this.user(sub).blocked = true;
        return;
      case "/revoke":
        for (const id of this.grants.get(sub) ?? []) {
          await this.provider.RefreshToken.revokeByGrantId(id);
          await (await this.provider.Grant.find(id))?.destroy();
        }
        return;
    }
    throw new Error("no such control: " + what);
  }
}

const listen = async (handler) => {
  const server = createServer(handler);
  // Whoever asks closes the connection. Were the server to do it, on a slow machine a request would meet one
  // that is being closed.
  server.keepAliveTimeout = 0;
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return server.address().port;
};

const ports = {};
for (const setup of JSON.parse(process.argv[2])) {
  const tenant = new Tenant(setup);
  ports[setup.name] = {
    port: await listen((req, res) => tenant.callback(req, res)),
    control: await listen(async (req, res) => {
      const url = new URL(req.url, "http://localhost");
      try {
        await tenant.control(url.pathname, url.searchParams);
        res.end();
      } catch (err) {
        res.writeHead(500).end(String(err));
      }
    }),
  };
}
console.log(JSON.stringify(ports));
process.stdin.on("end", () => process.exit(0)).resume();
