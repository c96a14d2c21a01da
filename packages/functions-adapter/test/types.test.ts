import {
  app,
  type EventGridEvent,
  type HttpRequest,
  HttpResponse,
  type HttpResponseInit,
  type InvocationContext,
  type Timer,
} from "@azure/functions";
import type { AuthenticationResult, BoundTokenSource, FetchFunction, Leg1Token, MtlsPopTokenAcquirer } from "@mtls-pop/core";
import { describe, expect, expectTypeOf, it } from "vitest";
import { tokensFromSettings, withMtlsPop } from "../src/index.js";

interface Order {
  readonly id: string;
}

const resources = { vault: { baseUrl: "%KEY_VAULT_URL%" }, orders: { baseUrl: "https://orders.example", scope: "api://orders/.default" } };

// only the compiler looks at what stands in here
const compiles = (_code: () => void): void => expect.assertions(0);

describe("the types of withMtlsPop", () => {
  it("infer the trigger's input, for http, timer, queue, Service Bus and generic triggers", () =>
    compiles(() => {
      app.http("inferred", {
        handler: withMtlsPop(async (request, context, clients) => {
          expectTypeOf(request).toEqualTypeOf<HttpRequest>();
          expectTypeOf(context).toEqualTypeOf<InvocationContext>();
          expectTypeOf(clients.fetch).toEqualTypeOf<FetchFunction>();
          return { status: 200 };
        }),
      });
      app.get(
        "shorthand",
        withMtlsPop({ resources }, (request, _context, { vault }) => {
          expectTypeOf(request).toEqualTypeOf<HttpRequest>();
          expectTypeOf(vault).toEqualTypeOf<FetchFunction>();
          return { body: request.url };
        }),
      );
      app.get("options", {
        handler: withMtlsPop({ resources }, (request: HttpRequest, _context, { vault }) => {
          expectTypeOf(vault).toEqualTypeOf<FetchFunction>();
          return { body: request.url };
        }),
      });
      app.http("built", { handler: withMtlsPop(async () => new HttpResponse({ status: 204 })) });
      app.http("either", {
        handler: withMtlsPop({ resources }, async (request, _context, { vault }) => {
          expectTypeOf(request).toEqualTypeOf<HttpRequest>();
          if (request.method === "HEAD") return new HttpResponse({ status: 204 });
          return { status: (await vault("/secrets/a")).status };
        }),
      });
      app.http("streamed", {
        handler: withMtlsPop(async (_request, _context, { fetch }) => ({ body: (await fetch("https://a.example")).body })),
      });
      app.http("number", {
        // @ts-expect-error a number is no answer over HTTP
        handler: withMtlsPop(async () => 7),
      });
      app.timer("tick", {
        schedule: "0 0 * * * *",
        handler: withMtlsPop({ resources, warmup: true }, async (timer, _context, { orders }) => {
          expectTypeOf(timer).toEqualTypeOf<Timer>();
          await orders("/reconcile");
        }),
      });
      app.storageQueue("queued", {
        queueName: "orders",
        connection: "",
        handler: withMtlsPop(async (order: Order, _context, { fetch }) => {
          await fetch(`https://orders.example/${order.id}`);
        }),
      });
      app.storageQueue("unknown", {
        queueName: "orders",
        connection: "",
        handler: withMtlsPop(async (message) => {
          expectTypeOf(message).toEqualTypeOf<unknown>();
        }),
      });
      app.storageQueue<Order>("explicit", {
        queueName: "orders",
        connection: "",
        handler: withMtlsPop({ resources }, async (order) => {
          expectTypeOf(order).toEqualTypeOf<Order>();
        }),
      });
      app.serviceBusQueue("bus", {
        queueName: "orders",
        connection: "",
        handler: withMtlsPop({ resources }, async (messages: Order[], _context, { orders }) => {
          for (const { id } of messages) await orders(`/${id}`);
        }),
      });
      app.eventGrid("grid", {
        handler: withMtlsPop({ resources }, async (event: EventGridEvent, _context, { orders }) => {
          await orders(`/${event.subject}`);
        }),
      });
      app.generic("any", {
        trigger: { type: "customTrigger", name: "input" },
        handler: withMtlsPop(async (input, _context, { acquireToken }) => {
          expectTypeOf(input).toBeAny();
          return (await acquireToken({ scopes: [] })).expiresOn;
        }),
      });
    }));

  it("give the handler's own result, and over HTTP an error's response beside it", () =>
    compiles(() => {
      const queued = withMtlsPop(async (order: Order) => order.id);
      expectTypeOf(queued).returns.resolves.toEqualTypeOf<string>();
      const http = withMtlsPop((_request: HttpRequest) => new HttpResponse());
      expectTypeOf(http).returns.resolves.toEqualTypeOf<HttpResponse | HttpResponseInit>();
    }));

  it("know the names of the clients and no others", () =>
    compiles(() => {
      withMtlsPop({ resources }, async (_input: Timer, _context, clients) => {
        expectTypeOf<keyof typeof clients>().toEqualTypeOf<"vault" | "orders" | "fetch" | "acquireToken">();
        expectTypeOf(clients.vault).toEqualTypeOf<FetchFunction>();
        // @ts-expect-error there is no such client
        clients.vaults;
      });
      withMtlsPop(async (_input: Timer, _context, clients) => {
        expectTypeOf<keyof typeof clients>().toEqualTypeOf<"fetch" | "acquireToken">();
        // @ts-expect-error a client needs a resource
        clients.vault;
      });
    }));

  it("refuse reserved names, unknown options, a resource without its URL, options behind the handler", () =>
    compiles(() => {
      // @ts-expect-error
      withMtlsPop({ resources: { fetch: { baseUrl: "https://a.example" } } }, async () => undefined);
      // @ts-expect-error
      withMtlsPop({ resources: { acquireToken: { baseUrl: "https://a.example" } } }, async () => undefined);
      // @ts-expect-error
      withMtlsPop({ warmUp: true }, async () => undefined);
      // @ts-expect-error
      withMtlsPop({ resources: { vault: {} } }, async () => undefined);
      // @ts-expect-error
      withMtlsPop(async () => undefined, { warmup: true });
    }));

  it("give with `acquireToken` what the source gives", () =>
    compiles(() => {
      withMtlsPop(async (_input: Timer, _context, { acquireToken }) => {
        expectTypeOf(acquireToken).returns.resolves.toEqualTypeOf<AuthenticationResult>();
      });
      withMtlsPop({ tokens: {} as MtlsPopTokenAcquirer }, async (_input: Timer, _context, { acquireToken }) => {
        expectTypeOf(acquireToken).returns.resolves.toEqualTypeOf<AuthenticationResult>();
      });
      const tagged = { acquireBoundToken: async () => ({ accessToken: "", tokenType: "mtls_pop", tag: 1 }) };
      withMtlsPop({ tokens: tagged, resources }, async (_input: Timer, _context, { acquireToken, vault }) => {
        expectTypeOf(vault).toEqualTypeOf<FetchFunction>();
        expectTypeOf((await acquireToken({ scopes: [] })).tag).toBeNumber();
      });
      withMtlsPop({ tokens: {} as BoundTokenSource }, async (_input: Timer, _context, { acquireToken }) => {
        // @ts-expect-error this source promises no expiry
        (await acquireToken({ scopes: [] })).expiresOn;
      });
    }));

  it("take the settings' tokens where a source goes, and give them with all that a result has", () =>
    compiles(() => {
      const tokens = tokensFromSettings();
      expectTypeOf(tokens.acquireBearerToken).returns.resolves.toEqualTypeOf<AuthenticationResult>();
      expectTypeOf(tokens.acquireLeg1Token).returns.resolves.toEqualTypeOf<Leg1Token | undefined>();
      withMtlsPop({ tokens, resources }, async (_input: Timer, _context, { acquireToken }) => {
        expectTypeOf(acquireToken).returns.resolves.toEqualTypeOf<AuthenticationResult>();
      });
    }));
});
