import type { ModelStep, RecordedCall, SequentialModel } from "@udp-relay/model-check";

/** The sequential map: its keys, each with the number of its life, so that a handle knows its own. */
interface MapState {
  readonly entries: readonly (readonly [key: number, life: string])[];
}

const INSERTS = ["getOrInsert", "insert"];

/**
 * What a map of `capacity` may answer. BUSY needs somebody who wrote at the same time, FULL a full map: entries and
 * inserts in progress.
 */
export function u32MapModel(capacity: number, initial: readonly number[]): SequentialModel<unknown> {
  const model: SequentialModel<MapState> = {
    initial: { entries: initial.map((key) => [key, `initial ${key}`]) },
    apply: (state, call, overlapping) => [
      ...answers(capacity, state, call, overlapping),
      ...(isWriter(call) && overlapping.some(isWriter) ? [{ state, result: "BUSY" }] : []),
    ],
  };
  return model;
}

function isWriter(call: RecordedCall): boolean {
  return !["get", "resolve", "forEach", "size"].includes(call.name);
}

function answers(
  capacity: number,
  state: MapState,
  call: RecordedCall,
  overlapping: readonly RecordedCall[],
): readonly ModelStep<MapState>[] {
  const { entries } = state;
  const key = call.args[0] as number;
  const found = entries.find((entry) => entry[0] === key);
  const without = (gone: number): MapState => ({ entries: entries.filter((entry) => entry[0] !== gone) });
  const inserting = overlapping.filter(({ name }) => INSERTS.includes(name)).length;
  const removing = overlapping.filter((other) => isWriter(other) && !INSERTS.includes(other.name)).length;
  switch (call.name) {
    case "get":
      return [{ state, result: found === undefined ? "miss" : "hit" }];
    case "getOrInsert":
    case "insert": {
      if (found !== undefined) return [{ state, result: "found" }];
      const steps: ModelStep<MapState>[] = [];
      if (entries.length + inserting + removing >= capacity) steps.push({ state, result: "FULL" });
      if (entries.length < capacity) {
        const life = `${call.thread} ${key}`;
        steps.push({ state: sorted([...entries, [key, life]]), result: "created" });
      }
      return steps;
    }
    case "remove":
      return found === undefined
        ? [{ state, result: "absent" }]
        : [{ state: without(key), result: "removed" }];
    case "resolve":
      return [{ state, result: entries.some(([, life]) => life === call.args[1]) ? "live" : "gone" }];
    case "removeHandle": {
      const mine = entries.find(([, life]) => life === call.args[1]);
      if (mine === undefined) return [{ state, result: "absent" }];
      return [{ state: without(mine[0]), result: "removed" }];
    }
    case "rekey": {
      const mine = entries.find(([, life]) => life === call.args[1]);
      if (mine === undefined) return [{ state, result: "absent" }];
      if (found !== undefined) return [{ state, result: found === mine ? "moved" : "exists" }];
      return [{ state: sorted([...without(mine[0]).entries, [key, mine[1]]]), result: "moved" }];
    }
    default:
      throw new Error(`the model knows no ${call.name}`);
  }
}

function sorted(entries: readonly (readonly [number, string])[]): MapState {
  return { entries: [...entries].sort((a, b) => a[0] - b[0]) };
}
