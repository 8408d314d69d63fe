// Serves Better Auth under /api/auth/. Only the Go server, which stands in front, should be able to reach it.

import { createServer, type IncomingMessage } from "node:http";

import { toNodeHandler } from "better-auth/node";

import { auth, pool, settings } from "./auth.js";

// Requests are small pieces of JSON.
const maxBody = 64 * 1024;
// How long requests under way may take once a stop was asked for.
const stopTimeout = 20_000;

const handle = toNodeHandler(auth);

const server = createServer({ headersTimeout: 5_000, requestTimeout: 15_000, maxHeaderSize: 64 * 1024 }, (request, response) => {
  const status = refusal(request);
  if (status !== 0) {
    // The rest of the body is not worth reading.
    response.writeHead(status, { "content-type": "application/json", connection: "close" }).end("{}");
    return;
  }
  handle(request, response).catch((error: unknown) => {
    console.error(error);
    if (!response.headersSent) response.writeHead(500);
    response.end();
  });
});
// Longer than the Go server keeps an unused connection: a request must not meet one that is being closed.
server.keepAliveTimeout = 60_000;

function refusal(request: IncomingMessage): number {
  if (!request.url?.startsWith("/api/auth/")) return 404;
  if (request.headers["transfer-encoding"] !== undefined) return 411; // nobody says how long it will be
  return Number(request.headers["content-length"] ?? 0) > maxBody ? 413 : 0;
}

function stop(): void {
  // A second signal ends the process.
  process.off("SIGTERM", stop).off("SIGINT", stop);
  setTimeout(() => server.closeAllConnections(), stopTimeout).unref();
  server.close(() => void pool.end());
}
process.on("SIGTERM", stop).on("SIGINT", stop);

server.listen(settings.port, settings.host, () => {
  const address = server.address();
  console.log(JSON.stringify({ msg: "listening", addr: typeof address === "string" ? address : `${address?.address}:${address?.port}` }));
});
