import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ShardedMap } from "@udp-relay/sharded-map";
import type { Scenario } from "@udp-relay/model-check";

/*
 * PROTOCOL.md says which scenario covers which pair of operations: it names every method, and every pair has its scenario.
 */
const folder = new URL("../", import.meta.url);
const protocol = readFileSync(new URL("PROTOCOL.md", folder), "utf8");
const [, section = ""] = /## 7\. .*\n([^]*?)\n## /.exec(protocol) ?? [];
const [operationRows, methodRows] = section.split("What is no operation of its own:").map(rowsOf);

interface Row {
  readonly cells: readonly string[];
  /** What the first cell names. */
  readonly name: string;
}

function rowsOf(text: string): Row[] {
  const rows = text.split("\n").filter((line) => line.startsWith("| "));
  return rows.slice(2).map((line) => {
    const cells = line.split("|").slice(1, -1);
    return { cells: cells.map((cell) => cell.trim()), name: namesIn(cells[0]!)[0]! };
  });
}

function namesIn(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, name]) => name!);
}

const operations = operationRows!.map(({ name, cells }) => ({
  name,
  writes: cells[2] === "writes",
  varies: cells[0]!.startsWith("_"),
}));

async function scenarios(): Promise<Scenario[]> {
  const files = readdirSync(new URL("model-check/", folder)).filter((name) =>
    /\.scenarios\.[jt]s$/.test(name),
  );
  const found = await Promise.all(
    files.map(async (name) => {
      const url = new URL(`model-check/${name}`, folder);
      return ((await import(url.href)) as { default: readonly Scenario[] }).default;
    }),
  );
  return found.flat();
}

describe("the table of pairs", () => {
  it("has every method of the map", () => {
    const named = new Set([...operationRows!, ...methodRows!].flatMap(({ cells }) => cells.flatMap(namesIn)));
    const methods = new Set<string>(["create", "attach"]);
    for (
      let it: object = ShardedMap.prototype;
      it !== Object.prototype;
      it = Object.getPrototypeOf(it) as object
    ) {
      for (const key of Reflect.ownKeys(it)) methods.add(typeof key === "symbol" ? "Symbol.dispose" : key);
    }
    const inner = [
      "constructor",
      "add",
      "entryIn",
      "findIPv4",
      "findWords",
      "getOrAdd",
      "rekeyTaken",
      "refuse",
    ];
    inner.push("removeAgreed", "repairAfter", "takeEndpoint", "takeU32", "takeWords");
    expect([...methods].filter((method) => !named.has(method) && !inner.includes(method))).toEqual([]);
  });

  it("has a scenario for every pair, with a death and without", async () => {
    const byName = new Map((await scenarios()).map((scenario) => [scenario.name, scenario]));
    const missing: string[] = [];
    const elsewhere: string[] = [];
    for (const [index, one] of operations.entries()) {
      for (const other of operations.slice(index)) {
        const grounds = [one, other].some(({ name }) => name === "rekey")
          ? ["", "two shards: ", "endpoints: "]
          : [""];
        for (const ground of grounds) {
          const writers = one.writes && other.writes;
          const pair = `${ground}${one.name} | ${other.name}`;
          const killed = byName.get(`${pair}, killed anywhere`);
          if (killed?.interruption !== "kill" || killed.interruptible !== undefined)
            missing.push(`${pair}, killed anywhere`);
          if (writers && byName.get(pair)?.interruption !== "none") missing.push(pair);
          const varies = one.varies || other.varies;
          if (killed?.long !== (varies || writers)) elsewhere.push(pair);
          if (writers && byName.get(pair)?.long !== varies) elsewhere.push(pair);
        }
      }
    }
    expect(missing).toEqual([]);
    expect(elsewhere, "short forms that are said to be long, and the reverse").toEqual([]);
  });

  it("names no scenario that there is not", async () => {
    const names = (await scenarios()).map(({ name }) => name);
    const quoted = [...section.matchAll(/"([^"]+)"/g)].map(([, name]) => name!);
    expect(quoted.length).toBeGreaterThan(4);
    expect(quoted.filter((name) => !names.includes(name))).toEqual([]);
  });
});
