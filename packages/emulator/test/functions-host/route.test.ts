import { describe, expect, it } from "vitest";
import { compareRoutes, parseRoute, pathSegments } from "../../src/functions-host/route.js";

function match(template: string, path: string): Record<string, string> | undefined {
  const segments = pathSegments(path);
  return segments && parseRoute(template).match(segments);
}

describe("route templates", () => {
  it.each([
    ["api/health", "/api/health", {}],
    ["api/health", "/API/Health/", {}],
    ["api/secrets/{name}", "/api/secrets/my-secret", { name: "my-secret" }],
    ["api/secrets/{name}", "/api/secrets/a%20b", { name: "a b" }],
    ["api/list/{page?}", "/api/list", {}],
    ["api/list/{page?}", "/api/list/2", { page: "2" }],
    ["api/list/{page=1}", "/api/list", { page: "1" }],
    ["api/orders/{id:int}", "/api/orders/17", { id: "17" }],
    ["api/orders/{id:int?}", "/api/orders", {}],
    ["api/orders/{id:int:min(5)}", "/api/orders/5", { id: "5" }],
    ["api/files/{*path}", "/api/files/a/b.txt", { path: "a/b.txt" }],
    ["api/files/{name}.{extension}", "/api/files/a.txt", { name: "a", extension: "txt" }],
    ["api/dates/{day:regex(^\\d{4}/\\d{2}$)}", "/api/dates/2026", undefined],
    ["api/codes/{code:regex(^[a-z]{2}$)}", "/api/codes/de", { code: "de" }],
    ["api/names/{name:length(2,3)}", "/api/names/abc", { name: "abc" }],
    ["", "/", {}],
  ])("%s takes %s", (template, path, expected) => {
    expect(match(template, path)).toEqual(expected);
  });

  it.each([
    ["api/health", "/api/healthy"],
    ["api/health", "/api/health/more"],
    ["api/secrets/{name}", "/api/secrets"],
    ["api/secrets/{name}", "/api/secrets/a/b"],
    ["api/orders/{id:int}", "/api/orders/x"],
    ["api/orders/{id:int?}", "/api/orders/x"],
    ["api/orders/{id:int}", "/api/orders/2147483648"],
    ["api/orders/{id:int:min(5)}", "/api/orders/4"],
    ["api/names/{name:length(2,3)}", "/api/names/abcd"],
    ["api/flags/{on:bool}", "/api/flags/1"],
    ["api/ids/{id:guid}", "/api/ids/1"],
  ])("%s does not take %s", (template, path) => {
    expect(match(template, path)).toBeUndefined();
  });

  it("keep an encoded slash inside of one segment", () => {
    expect(match("api/secrets/{name}", "/api/secrets/a%2Fb")).toEqual({ name: "a%2Fb" });
  });

  it("are matched against well-formed paths only", () => {
    expect(pathSegments("/api/%E0%A4%A")).toBeUndefined();
  });

  it("are tried as ASP.NET does: literal text, constrained, free, catch-all", () => {
    const templates = ["a/{*rest}", "a/{x}", "a/{x:int}", "a/b"];
    const routes = templates.map((template) => ({ template, route: parseRoute(template) }));
    expect(routes.sort((one, other) => compareRoutes(one.route, other.route)).map(({ template }) => template)).toEqual(templates.reverse());
  });

  it.each([["a/{id:integer}"], ["a/{}"], ["a/{id"], ["a/{id:length(1,2}"]])("%s is refused", (template) => {
    expect(() => parseRoute(template)).toThrow(/route/);
  });
});
