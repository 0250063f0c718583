// Values of MapLibre expressions (style specification, version 8), as far as our styles use them.

const OPERATORS = {
  literal: ([value]) => value,
  get: ([name], of, { properties }) => properties[name] ?? null,
  id: (parts, of, { id }) => id,
  has: ([name], of, { properties }) => properties[name] !== undefined,
  zoom: (parts, of, { zoom }) => zoom,
  "feature-state": () => null, // nothing is chosen yet
  boolean: (parts, of) => parts.map(of).find((value) => typeof value === "boolean"),
  "!": ([part], of) => !of(part),
  "==": ([one, other], of) => of(one) === of(other),
  all: (parts, of) => parts.every(of),
  any: (parts, of) => parts.some(of),
  in: ([part, many], of) => of(many).includes(of(part)),
  "to-string": ([part], of) => String(of(part) ?? ""),
  "to-number": ([part], of) => Number(of(part)),
  case: (parts, of) => {
    const found = parts.findIndex((part, place) => place % 2 === 0 && place < parts.length - 1 && of(part));
    return of(parts[found < 0 ? parts.length - 1 : found + 1]);
  },
  match: ([part, ...pairs], of) => {
    const value = of(part);
    const found = pairs.findIndex((label, place) => place % 2 === 0 && place < pairs.length - 1 && fits(label, value));
    return of(pairs[found < 0 ? pairs.length - 1 : found + 1]);
  },
  step: ([part, first, ...stops], of) => {
    const value = of(part);
    let reached = first;
    for (let n = 0; n < stops.length && value >= stops[n]; n += 2) reached = stops[n + 1];
    return of(reached);
  },
  interpolate: ([, part, ...stops], of) => {
    const value = of(part);
    let next = 0;
    while (next < stops.length && stops[next] <= value) next += 2;
    if (next === 0) return of(stops[1]);
    if (next === stops.length) return of(stops[next - 1]);
    const [low, from, high, to] = stops.slice(next - 2, next + 2);
    return between(of(from), of(to), (value - low) / (high - low));
  },
};

const sets = new WeakMap(); // of labels that are many, such as the numbers of plots

/** Tell whether a value is a label, or one of several. */
function fits(label, value) {
  if (!Array.isArray(label)) return label === value;
  if (!sets.has(label)) sets.set(label, new Set(label));
  return sets.get(label).has(value);
}

/** Return the value of `expression` for a feature's `properties` at a `zoom`. */
export function evaluate(expression, context) {
  if (!Array.isArray(expression)) return expression;
  const [operator, ...parts] = expression;
  return OPERATORS[operator](parts, (part) => evaluate(part, context), context);
}

/** A number or a colour (#rrggbb) between two others. */
function between(from, to, share) {
  if (typeof from === "number") return from + share * (to - from);
  const mixed = [1, 3, 5].map((start) => {
    const [a, b] = [from, to].map((colour) => parseInt(colour.slice(start, start + 2), 16));
    return Math.round(a + share * (b - a));
  });
  return `rgb(${mixed.join()})`;
}
