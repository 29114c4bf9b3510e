import type { ModelStep, RecordedCall, SequentialModel } from "@udp-relay/model-check";

/** The sequential map: its keys, each with the number of its life, so that a handle knows its own. */
interface MapState {
  readonly entries: readonly (readonly [key: number, life: string])[];
  /** The threads whose insert has been answered. */
  readonly inserted?: readonly string[];
  /** Those of whose entry a `clear` says that it removed it, though they are still to make it. */
  readonly doomed?: readonly string[];
}

const INSERTS = ["getOrInsert", "insert"];
const READERS = ["get", "resolve", "forEach", "size"];

/**
 * What a map of `capacity` may answer. BUSY needs somebody who wrote at the same time, FULL a full map: entries and
 * inserts in progress.
 */
export function mapModel(capacity: number, initial: readonly number[]): SequentialModel<unknown> {
  const model: SequentialModel<MapState> = {
    initial: { entries: initial.map((key) => [key, `initial ${key}`]) },
    apply: (state, call, overlapping) => [
      ...answers(capacity, state, call, overlapping),
      ...(isWriter(call) && overlapping.some(isWriter) && state.doomed?.includes(call.thread) !== true
        ? [{ state: refused(state, call), result: "BUSY" }]
        : []),
    ],
  };
  return model;
}

function refused(state: MapState, { name, thread }: RecordedCall): MapState {
  return INSERTS.includes(name) ? { ...state, inserted: [...(state.inserted ?? []), thread] } : state;
}

function isWriter(call: RecordedCall): boolean {
  return !READERS.includes(call.name);
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
  const without = (gone: number): MapState => ({
    ...state,
    entries: entries.filter((entry) => entry[0] !== gone),
  });
  const inserting = overlapping.filter(({ name }) => INSERTS.includes(name)).length;
  const removing = overlapping.filter((other) => isWriter(other) && !INSERTS.includes(other.name)).length;
  switch (call.name) {
    case "get":
      return [{ state, result: found === undefined ? "miss" : "hit" }];
    case "getOrInsert":
    case "insert": {
      const made = { ...state, inserted: [...(state.inserted ?? []), call.thread] };
      // It is gone again by the time that anybody else looks.
      if (state.doomed?.includes(call.thread) === true)
        return found === undefined ? [{ state: made, result: "created" }] : [];
      if (found !== undefined) return [{ state: made, result: "found" }];
      const steps: ModelStep<MapState>[] = [];
      if (entries.length + inserting + removing >= capacity) steps.push({ state: made, result: "FULL" });
      if (entries.length < capacity) {
        const life = `${call.thread} ${key}`;
        steps.push({ state: withEntries(made, [...entries, [key, life]]), result: "created" });
      }
      return steps;
    }
    case "remove":
      return found === undefined
        ? [{ state, result: "absent" }]
        : [{ state: without(key), result: "removed" }];
    case "size": {
      // Inserts and removals in progress may be counted or not.
      const writing = overlapping.filter(isWriter).length;
      const sizes = Array.from({ length: 2 * writing + 1 }, (_, i) => entries.length - writing + i);
      return sizes.filter((size) => size >= 0 && size <= capacity).map((result) => ({ state, result }));
    }
    case "forEach": {
      // What others write meanwhile may be seen or not, each key by itself.
      const changing = new Set(
        overlapping.filter(isWriter).flatMap(({ name, args }) => {
          if (name === "clear") return entries.map(([each]) => each);
          return name === "rekey" ? [args[0], 1] : [Number(args[0]) === 0 ? 1 : args[0]];
        }),
      );
      const sure = entries.map(([each]) => each).filter((each) => !changing.has(each));
      return subsetsOf([...changing] as number[]).map((some) => ({
        state,
        result: [...new Set([...sure, ...some])].sort((a, b) => a - b).join(),
      }));
    }
    case "sweep": {
      const mine = entries.find(([, life]) => life === call.args[1]);
      const later = { state, result: 0 };
      if (mine === undefined) return [later];
      return [{ state: without(mine[0]), result: 1 }, ...(overlapping.some(isWriter) ? [later] : [])];
    }
    case "clear": {
      // No moment of its own: what others bring meanwhile may go too, what they have in their hands may stay.
      const coming = overlapping.filter(
        ({ name, thread }) => INSERTS.includes(name) && state.inserted?.includes(thread) !== true,
      );
      const mayStay = call.pending || overlapping.some(isWriter);
      const gone = mayStay ? subsetsOf(entries) : [entries];
      return gone.flatMap((some) =>
        subsetsOf(coming.map(({ thread }) => thread)).map((doomed) => ({
          state: { ...state, entries: entries.filter((entry) => !some.includes(entry)), doomed },
          result: some.length + doomed.length,
        })),
      );
    }
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
      const others = without(mine[0]).entries;
      return [{ state: withEntries(state, [...others, [key, mine[1]]]), result: "moved" }];
    }
    default:
      throw new Error(`the model knows no ${call.name}`);
  }
}

function subsetsOf<Item>(items: readonly Item[]): Item[][] {
  return items.reduce<Item[][]>((sets, item) => [...sets, ...sets.map((set) => [...set, item])], [[]]);
}

function withEntries(state: MapState, entries: MapState["entries"]): MapState {
  return { ...state, entries: [...entries].sort((a, b) => a[0] - b[0]) };
}
