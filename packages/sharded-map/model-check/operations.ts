import type { Call } from "@udp-relay/model-check";
import { ABSENT, BUSY, EXISTS, FULL } from "../src/index.ts";
import { inGuard } from "../test/map-audit.ts";
import { u32Keys } from "./keys.ts";
import type { Keys } from "./keys.ts";
import type { User } from "./tiny-map.ts";

/** One recorded operation, in a guard of its own, as `mapModel` knows it. */
export type Operation = (user: User, call: Call) => void;

const keysOf = ({ keys = u32Keys }: User): Keys => keys;

export const get =
  (key: number): Operation =>
  (user, call) =>
    call("get", [key], () => {
      const slot = inGuard(user.map, () => keysOf(user).get(user.map, key));
      return slot >= 0 ? "hit" : "miss";
    });

export const has =
  (key: number): Operation =>
  (user, call) =>
    call("get", [key], () => (keysOf(user).has(user.map, key) ? "hit" : "miss"));

const insertOutcome = (slot: number, created: boolean): string =>
  slot === FULL ? "FULL" : slot === BUSY ? "BUSY" : created ? "created" : "found";

export const getOrInsert =
  (key: number): Operation =>
  (user, call) =>
    call("getOrInsert", [key], () => {
      const slot = inGuard(user.map, () => keysOf(user).getOrInsert(user.map, key));
      return insertOutcome(slot, user.map.created);
    });

export const insert =
  (key: number): Operation =>
  (user, call) =>
    call("insert", [key], () => {
      const slot = inGuard(user.map, () => keysOf(user).insert(user.map, key));
      return slot === EXISTS ? "found" : insertOutcome(slot, true);
    });

const removeOutcome = (slot: number): string =>
  slot === ABSENT ? "absent" : slot === BUSY ? "BUSY" : "removed";

export const remove =
  (key: number): Operation =>
  (user, call) =>
    call("remove", [key], () => removeOutcome(keysOf(user).remove(user.map, key)));

/** The predicate looks at the entry under the lock, and agrees: a removal. */
export const removeIf =
  (key: number): Operation =>
  (user, call) =>
    call("remove", [key], () => {
      const keys = keysOf(user);
      return removeOutcome(keys.removeIf(user.map, key, (slot) => keys.of(user.map, slot) === key));
    });

/** Every key that `entries` yields, each from a guard of its own: what a walk may see, no more. */
export const entries: Operation = (user, call) =>
  call("forEach", [], () =>
    [...user.map.entries()]
      .map(([key]) => keysOf(user).named(user.map, key))
      .sort((a, b) => a - b)
      .join(),
  );

/** Every key that a walk sees. */
export const forEach: Operation = (user, call) =>
  call("forEach", [], () => {
    const seen: number[] = [];
    user.map.forEach((slot) => seen.push(keysOf(user).of(user.map, slot)));
    return seen.sort((a, b) => a - b).join();
  });

/**
 * A sweep for one entry, the one of the handle: as a whole, a sweep is as many operations as it removes entries. What it
 * finds BUSY it leaves for the next round.
 */
export const sweep =
  (life: string): Operation =>
  ({ map, handle }, call) =>
    call("sweep", [0, life], () => map.sweep((slot) => map.handle(slot) === handle, 64));

/** Everything that a walk sees goes, but for what is BUSY. */
export const clear: Operation = ({ map }, call) => call("clear", [], () => map.clear());

export const size: Operation = ({ map }, call) => call("size", [], () => map.size);

/** Its size, unless another number is none: the others are each a moment's of their own. */
export const stats: Operation = ({ map }, call) =>
  call("size", [], () => {
    const { size: counted, shards, ...others } = map.stats();
    const numbers: number[] = [others, ...shards].flatMap((each) => Object.values<number>({ ...each }));
    const wrong = numbers.find((number) => !(number >= 0 && number < 1_000));
    return wrong === undefined ? counted : `a count of ${wrong}`;
  });

/** The handle of the first key that `setup` inserted. */
export const resolve =
  (life: string): Operation =>
  ({ map, handle }, call) =>
    call("resolve", [0, life], () => (map.resolve(handle) >= 0 ? "live" : "gone"));

/** As whoever reads outside a guard asks: both before and after. */
export const isCurrent =
  (life: string): Operation =>
  ({ map, handle }, call) =>
    call("resolve", [0, life], () => {
      const slot = map.resolve(handle);
      return slot >= 0 && map.isCurrent(handle) ? "live" : "gone";
    });

export const removeHandle =
  (life: string): Operation =>
  ({ map, handle }, call) =>
    call("removeHandle", [0, life], () => removeOutcome(map.removeHandle(handle)));

export const rekey =
  (key: number, life: string): Operation =>
  (user, call) =>
    call("rekey", [key, life], () => {
      const slot = keysOf(user).rekey(user.map, user.handle, key);
      if (slot === BUSY) return "BUSY";
      return slot === EXISTS ? "exists" : slot === ABSENT ? "absent" : "moved";
    });
