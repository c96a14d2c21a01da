import { routeConstraint } from "./route-constraint.js";

interface Parameter {
  readonly name: string;
  readonly optional: boolean;
  readonly fallback: string | undefined;
  readonly accepts: (value: string) => boolean;
  readonly constrained: boolean;
}

interface Segment {
  readonly pattern: RegExp;
  readonly parameters: readonly Parameter[];
  /** Takes this segment and all after it: `{*rest}`. */
  readonly catchAll: boolean;
  /** ASP.NET's precedence: literal text, then constrained, then free parameters, then a catch-all. */
  readonly rank: number;
}

/** A route template, ready to be matched. */
export interface Route {
  /** The parameters of a path, or nothing when it does not match. */
  match(segments: readonly string[]): Record<string, string> | undefined;
  /** Orders routes: the lower one is tried first. */
  readonly precedence: readonly number[];
}

/**
 * Reads a route template such as `secrets/{name}`, `orders/{id:int}`, `files/{*path}` or `list/{page?}`.
 *
 * @throws Error for a template that the Functions host would not take
 */
export function parseRoute(template: string): Route {
  const segments = splitTemplate(template).map(parseSegment);
  return { precedence: segments.map(({ rank }) => rank), match: (path) => match(segments, path) };
}

/** Puts the routes that ASP.NET tries first to the front. */
export function compareRoutes(a: Route, b: Route): number {
  for (const [index, rank] of a.precedence.entries()) {
    const other = b.precedence[index];
    if (other !== undefined && rank !== other) return rank - other;
  }
  return b.precedence.length - a.precedence.length;
}

/** The decoded segments of a URL's path, or nothing when its encoding is broken. An encoded slash stays encoded, as in ASP.NET. */
export function pathSegments(pathname: string): string[] | undefined {
  try {
    const raw = pathname.replace(/^\//, "").replace(/\/$/, "");
    return raw === "" ? [] : raw.split("/").map((segment) => decodeURIComponent(segment.replace(/%2f/gi, "%252F")));
  } catch {
    return undefined;
  }
}

/** A slash inside of braces belongs to a constraint's regular expression. */
function splitTemplate(template: string): string[] {
  const trimmed = template.replace(/^\/|\/$/g, "");
  const segments = trimmed.match(/(?:\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}|[^/{}])+/g) ?? [];
  if (segments.join("/") !== trimmed) throw new Error(`The route template "${template}" cannot be read.`);
  return segments;
}

function parseSegment(text: string): Segment {
  const parameters: Parameter[] = [];
  let source = "";
  let catchAll = false;
  for (const [piece] of text.matchAll(/\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}|[^{]+/g)) {
    if (!piece.startsWith("{")) {
      source += piece.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
      continue;
    }
    const parameter = parseParameter(piece.slice(1, -1).replace(/^\*{1,2}/, ""));
    catchAll ||= piece.startsWith("{*");
    parameters.push(parameter);
    source += parameter.optional || catchAll ? "(.*)" : "(.+?)";
  }
  const rank = parameters.length === 0 ? 0 : catchAll ? 3 : parameters.some(({ constrained }) => constrained) ? 1 : 2;
  return { pattern: new RegExp(`^${source}$`, "is"), parameters, catchAll, rank };
}

function parseParameter(text: string): Parameter {
  const [, name = "", constraints = "", fallback, question] = /^(\w+)((?::(?:[^:(=?]+)(?:\(.*\))?)*)(?:=(.*)|(\?))?$/s.exec(text) ?? [];
  if (name === "") throw new Error(`The route parameter "{${text}}" cannot be read.`);
  const tests = (constraints.match(/:[^:(]+(?:\(.*?\)(?=:|$))?/gs) ?? []).map((one) => routeConstraint(one.slice(1)));
  return {
    name,
    fallback,
    optional: question !== undefined || fallback !== undefined,
    constrained: tests.length > 0,
    accepts: (value) => tests.every((test) => test(value)),
  };
}

function match(segments: readonly Segment[], path: readonly string[]): Record<string, string> | undefined {
  const found: Record<string, string> = {};
  for (const [index, { pattern, parameters, catchAll }] of segments.entries()) {
    const text = catchAll ? path.slice(index).join("/") : (path[index] ?? "");
    const values = pattern.exec(text);
    if (!values) return undefined;
    for (const [position, { name, accepts, optional, fallback }] of parameters.entries()) {
      const value = values[position + 1] || fallback;
      if (value !== undefined && !accepts(value)) return undefined;
      if (value !== undefined) found[name] = value;
      else if (!optional && !catchAll) return undefined;
    }
    if (catchAll) return found;
  }
  return path.length <= segments.length ? found : undefined;
}
