/** One operation on npm's sharedmap, which keeps strings in a SharedArrayBuffer behind locks: `OPERATION ENTRIES`. */
import { createRequire } from "node:module";
import { measure } from "../measure.ts";
import { fillAndEmpty } from "./fill-and-empty.ts";
import { keysOf } from "./keys.ts";

interface StringMap {
  set(key: string, value: string): void;
  get(key: string): string | undefined;
  delete(key: string): void;
}

const SharedMap = createRequire(import.meta.url)("sharedmap") as new (
  entries: number,
  keyUnits: number,
  valueUnits: number,
) => StringMap;

const operation = process.argv[2]!;
const entries = Number(process.argv[3]);
const map = new SharedMap(entries * 2, 16, 16);
const texts = (absent: boolean): string[] =>
  Array.from(keysOf("u32", entries, absent).u32, (key) => String(key >>> 0));
const keys = texts(false);
const wanted = operation === "miss" ? texts(true) : keys;
let place = 0;

function fill(): void {
  for (let i = 0; i < entries; i++) map.set(keys[i]!, keys[i]!);
}

function empty(): void {
  for (let i = 0; i < entries; i++) map.delete(keys[i]!);
}

if (operation === "insert" || operation === "remove") {
  fillAndEmpty(entries, operation === "insert", fill, empty);
} else {
  fill();
  measure((iterations) => {
    let sum = 0;
    for (let n = 0; n < iterations; n++) {
      sum += map.get(wanted[place]!) === undefined ? 0 : 1;
      place = place + 1 === entries ? 0 : place + 1;
    }
    return sum;
  });
}
