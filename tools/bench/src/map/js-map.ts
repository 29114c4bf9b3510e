/** One operation on a JavaScript Map, which one thread has for itself: `OPERATION KIND ENTRIES`. */
import { measure } from "../measure.ts";
import { fillAndEmpty } from "./fill-and-empty.ts";
import { addressText, keysOf } from "./keys.ts";
import type { KeyKind } from "./keys.ts";

const operation = process.argv[2]!;
const kind = process.argv[3] as KeyKind;
const entries = Number(process.argv[4]);
const present = keysOf(kind, entries);
const wanted = operation === "miss" ? keysOf(kind, entries, true) : present;
let place = 0;

function advance(): number {
  const at = place;
  place = at + 1 === entries ? 0 : at + 1;
  return at;
}

if (kind === "u32") {
  const map = new Map<number, number>();
  const keys = present.u32;
  const others = wanted.u32;
  const fill = (): void => {
    for (let i = 0; i < entries; i++) map.set(keys[i]!, i + 1 === entries ? 0 : i + 1);
  };
  const empty = (): void => {
    for (let i = 0; i < entries; i++) map.delete(keys[i]!);
  };
  const look = (iterations: number): number => {
    let sum = 0;
    for (let n = 0; n < iterations; n++) sum += map.get(others[advance()]!) ?? 0;
    return sum;
  };
  const mix = (iterations: number): number => {
    let sum = 0;
    for (let n = 0; n < iterations; n++) {
      const at = advance();
      if (n % 40 === 0) sum += map.delete(keys[at]!) ? 1 : 0;
      else if (n % 40 === 20) map.set(keys[(at + entries - 20) % entries]!, at);
      else sum += map.get(keys[at]!) ?? 0;
    }
    return sum;
  };
  const dependent = (iterations: number): number => {
    for (let n = 0; n < iterations; n++) place = map.get(keys[place]!)!;
    return place;
  };
  if (operation === "insert" || operation === "remove") {
    fillAndEmpty(entries, operation === "insert", fill, empty);
  } else {
    fill();
    measure({ hit: look, miss: look, mix, dependent }[operation]!);
  }
} else {
  // What a relay does that was written by hand: the sender's address and port, joined by a colon.
  const map = new Map<string, number>();
  const addresses = Array.from({ length: entries }, (_, i) => addressText(wanted, i));
  const ports = Array.from(wanted.port);
  const fill = (): void => {
    for (let i = 0; i < entries; i++) map.set(`${addressText(present, i)}:${present.port[i]!}`, i);
  };
  fill();
  measure((iterations) => {
    let sum = 0;
    for (let n = 0; n < iterations; n++) {
      const at = advance();
      sum += map.get(`${addresses[at]!}:${ports[at]!}`) ?? 0;
    }
    return sum;
  });
}
