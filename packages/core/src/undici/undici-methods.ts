import { EventEmitter } from "node:events";
import { MtlsPopError } from "../errors.js";
import type { PopDispatcherEvents } from "./dispatcher-types.js";

/** The methods that undici's own dispatchers have from undici: here they say how it is done without. */
export class UndiciMethods extends EventEmitter<PopDispatcherEvents> {
  request(): never {
    throw notMethod("request");
  }

  stream(): never {
    throw notMethod("stream");
  }

  pipeline(): never {
    throw notMethod("pipeline");
  }

  connect(): never {
    throw notMethod("connect");
  }

  upgrade(): never {
    throw notMethod("upgrade");
  }
}

function notMethod(name: string): MtlsPopError {
  return new MtlsPopError("invalid_options", `\`${name}()\` is no method of this dispatcher.`, {
    help:
      name === "connect" || name === "upgrade"
        ? "Calls with a bound token are HTTP requests."
        : `Use undici's own: import { ${name} } from "undici", and pass { dispatcher }.`,
  });
}
