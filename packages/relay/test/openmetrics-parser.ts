/**
 * A strict reader of the OpenMetrics text format 1.0, written from its ABNF and from the rules beneath it for counters
 * and gauges: metadata before samples, a family's lines together, `_total` on counters and on nothing else, no sample
 * twice, `# EOF` at the end and nothing after it.
 */
export interface OpenMetricsPage {
  readonly types: ReadonlyMap<string, string>;
  /** By name and labels as written. */
  readonly samples: ReadonlyMap<string, number>;
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const SAMPLE =
  /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"(?:,(?!\}))?)*\})? (\S+)(?: (\S+))?$/;
const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$|^[+-]?inf(?:inity)?$|^nan$/i;
const TYPES = ["counter", "gauge", "histogram", "gaugehistogram", "stateset", "info", "summary", "unknown"];
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  counter: ["_total", "_created"],
  gauge: [""],
  histogram: ["_bucket", "_sum", "_count", "_created"],
  summary: ["", "_sum", "_count", "_created"],
};

export function parseOpenMetrics(text: string): OpenMetricsPage {
  if (!text.endsWith("# EOF\n")) throw new Error("the page does not end with # EOF");
  const types = new Map<string, string>();
  const helps = new Set<string>();
  const samples = new Map<string, number>();
  const closed = new Set<string>();
  let family = "";
  const enter = (name: string): void => {
    if (name === family) return;
    if (closed.has(name)) throw new Error(`the family ${name} is not in one piece`);
    if (family !== "") closed.add(family);
    family = name;
  };
  for (const line of text.slice(0, -"# EOF\n".length).split("\n").slice(0, -1)) {
    const [hash, keyword, name = "", ...rest] = line.split(" ");
    if (hash === "#") {
      if (!NAME.test(name)) throw new Error(`no name: ${line}`);
      enter(name);
      if ([...samples.keys()].some((sample) => sample.split("{")[0] === name)) {
        throw new Error(`metadata after samples: ${line}`);
      }
      if (keyword === "TYPE") {
        if (types.has(name) || !TYPES.includes(rest.join(" "))) throw new Error(`a bad type: ${line}`);
        types.set(name, rest.join(" "));
      } else if (keyword === "HELP") {
        if (helps.has(name)) throw new Error(`help twice: ${line}`);
        helps.add(name);
      } else if (keyword !== "UNIT") throw new Error(`no metadata: ${line}`);
      continue;
    }
    const [, sample = "", labels = "", value = "", timestamp] = SAMPLE.exec(line) ?? [];
    if (!NUMBER.test(value)) throw new Error(`no sample: ${line}`);
    if (timestamp !== undefined && !NUMBER.test(timestamp)) throw new Error(`a bad timestamp: ${line}`);
    const type = types.get(family) ?? "unknown";
    const fits = (SUFFIXES[type] ?? [""]).some((suffix) => sample === `${family}${suffix}`);
    if (!fits) throw new Error(`a ${type} "${family}" has no sample like ${line}`);
    if (type === "counter" && !(Number(value) >= 0)) throw new Error(`a counter below 0: ${line}`);
    if (samples.has(sample + labels)) throw new Error(`twice: ${line}`);
    samples.set(sample + labels, Number(value));
  }
  return { types, samples };
}
