import { type Answer, json } from "../server/answer.js";
import { type HttpExchange, type HttpServer, startHttpServer } from "../server/http-server.js";
import { decodePathSegment } from "../server/request-url.js";
import { type Administered, ROUTES } from "./admin-routes.js";

/**
 * Starts the admin endpoint: what a test does through the emulator's object, over HTTP with JSON, for other processes.
 *
 * A browser page cannot use it: the `Host` header must be loopback's, and a body must be declared as JSON.
 */
export function startAdminServer(administered: Administered): Promise<HttpServer> {
  return startHttpServer((exchange) => {
    try {
      return answer(exchange, administered);
    } catch (error) {
      if (error instanceof TypeError || error instanceof SyntaxError) return json(400, { error: error.message });
      throw error;
    }
  });
}

function answer({ incoming, url, body }: HttpExchange, administered: Administered): Answer {
  const host = incoming.headers.host?.replace(/:\d+$/, "");
  if (host !== "127.0.0.1" && host !== "localhost") return json(403, { error: "The admin endpoint is asked by its own name alone." });
  if (incoming.headers.origin !== undefined) return json(403, { error: "The admin endpoint is not for browsers." });
  const [, collection = "", segment = "", ...rest] = url.pathname.split("/");
  const name = decodePathSegment(segment);
  if (name === undefined) return json(400, { error: `The path ${url.pathname} is not percent-encoded as URLs are.` });
  const methods = rest.length > 0 ? undefined : ROUTES[name === "" ? `/${collection}` : `/${collection}/{name}`];
  const method = incoming.method ?? "GET";
  const act = methods?.[method];
  if (!methods) return json(404, { error: `There is no ${url.pathname}. Known: ${Object.keys(ROUTES).join(", ")}.` });
  if (!act)
    return json(405, { error: `${url.pathname} takes ${Object.keys(methods).join(", ")}.` }, { allow: Object.keys(methods).join(", ") });
  if (body.length > 0 && !/^application\/json\b/i.test(incoming.headers["content-type"] ?? "")) {
    return json(415, { error: "The body is to be application/json." });
  }
  const value: unknown = body.length > 0 ? JSON.parse(body.toString("utf8")) : undefined;
  const result = act(administered, { name, body: value });
  return result === undefined ? { status: 204 } : json(200, result);
}
