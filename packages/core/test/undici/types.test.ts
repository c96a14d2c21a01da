import type { Dispatcher as Dispatcher7 } from "undici";
import type { Dispatcher as Dispatcher6 } from "undici6";
import { expectTypeOf, it } from "vitest";
import type { PopDispatcher, PopDispatchHandler } from "../../src/undici/index.js";

/** As a compiler without our options sees it. */
type Accepts<Wanted> = (dispatcher: Wanted) => void;

it("is a dispatcher to undici 6 and 7, and to the platform's fetch", () => {
  expectTypeOf<Accepts<Dispatcher6>>().toBeCallableWith({} as PopDispatcher);
  expectTypeOf<Accepts<Dispatcher7>>().toBeCallableWith({} as PopDispatcher);
  expectTypeOf<Accepts<RequestInit["dispatcher"]>>().toBeCallableWith({} as PopDispatcher);
});

it("takes the handlers and interceptors of both", () => {
  expectTypeOf<Accepts<PopDispatchHandler>>().toBeCallableWith({} as Dispatcher6.DispatchHandlers);
  expectTypeOf<Accepts<PopDispatchHandler>>().toBeCallableWith({} as Dispatcher7.DispatchHandler);
  expectTypeOf<PopDispatcher["compose"]>().toBeCallableWith({} as Dispatcher6.DispatcherComposeInterceptor);
  expectTypeOf<PopDispatcher["compose"]>().toBeCallableWith({} as Dispatcher7.DispatcherComposeInterceptor);
});
