import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { readyStream, streamOf } from "../../src/resource/ready-stream.js";
import { inChild } from "../child.js";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (stream: ReadableStream): Promise<string> => new Response(stream).text();

describe("the stream of a body that is there as a whole", () => {
  it.each(["made when it is wanted", "made ahead"])("gives its bytes to one reader: %s", async (when) => {
    streamOf(null);
    if (when === "made ahead") {
      readyStream();
      readyStream();
      await setImmediate();
    }
    const streams = ["one", "two", ""].map((text) => streamOf(text === "" ? null : bytes(text)));
    expect(new Set(streams).size).toBe(3);
    expect(await Promise.all(streams.map(textOf))).toEqual(["one", "two", ""]);
  });

  it("gives them into a buffer of the reader's as well, and is closed behind them", async () => {
    streamOf(null);
    readyStream();
    await setImmediate();
    const reader = streamOf(bytes("abc")).getReader({ mode: "byob" });
    const { value } = await reader.read(new Uint8Array(2));
    expect(Buffer.from(value ?? []).toString()).toBe("ab");
    expect(await reader.read(new Uint8Array(2))).toMatchObject({ done: false, value: bytes("c") });
    expect((await reader.read(new Uint8Array(2))).done).toBe(true);
  });

  it("is not made ahead in a process that has had no answer yet, where Node's streams for the web are not even loaded", async () => {
    const loaded = await inChild(
      `import { readyStream, streamOf } from "../src/resource/ready-stream.js";
      const isLoaded = () => process.moduleLoadList.some((name) => name.endsWith("internal/webstreams/readablestream"));
      readyStream();
      await new Promise((resolve) => setImmediate(resolve));
      const before = isLoaded();
      streamOf(null);
      console.log(JSON.stringify([before, isLoaded()]));`,
      {},
    );
    expect(loaded).toEqual([false, true]);
  });
});
