/** A test of one route parameter's value; `argument` is what stands in the parentheses behind the constraint's name. */
type Constraint = (value: string, argument: string) => boolean;

const within = (value: number, argument: string): boolean => {
  const [low = 0, high = low] = argument.split(",").map(Number);
  return value >= low && value <= high;
};
const whole = /^[+-]?\d+$/;
const fraction = /^[+-]?(\d+\.?\d*|\.\d+)$/;

/** ASP.NET's route constraints, which the Functions host uses. */
const CONSTRAINTS: Readonly<Record<string, Constraint>> = {
  alpha: (value) => /^[a-z]*$/i.test(value),
  bool: (value) => /^(true|false)$/i.test(value),
  datetime: (value) => !Number.isNaN(Date.parse(value)),
  decimal: (value) => fraction.test(value),
  double: (value) => fraction.test(value),
  float: (value) => fraction.test(value),
  guid: (value) => /^\{?[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\}?$/i.test(value),
  int: (value) => whole.test(value) && Number(value) >= -(2 ** 31) && Number(value) < 2 ** 31,
  long: (value) => whole.test(value) && BigInt(value) >= -(2n ** 63n) && BigInt(value) < 2n ** 63n,
  length: (value, argument) => within(value.length, argument),
  minlength: (value, argument) => value.length >= Number(argument),
  maxlength: (value, argument) => value.length <= Number(argument),
  min: (value, argument) => whole.test(value) && Number(value) >= Number(argument),
  max: (value, argument) => whole.test(value) && Number(value) <= Number(argument),
  range: (value, argument) => whole.test(value) && within(Number(value), argument),
  regex: (value, argument) => new RegExp(argument, "i").test(value),
  required: (value) => value !== "",
};

/**
 * Reads a constraint such as `int` or `length(1,127)`.
 *
 * @throws Error for a name that ASP.NET does not know
 */
export function routeConstraint(text: string): (value: string) => boolean {
  const [, name = "", argument = ""] = /^([^(]*)(?:\((.*)\))?$/s.exec(text) ?? [];
  const constraint = Object.hasOwn(CONSTRAINTS, name.toLowerCase()) ? CONSTRAINTS[name.toLowerCase()] : undefined;
  if (!constraint) throw new Error(`The route constraint "${text}" is not known. Known: ${Object.keys(CONSTRAINTS).join(", ")}.`);
  return (value) => constraint(value, argument);
}
