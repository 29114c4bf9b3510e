/**
 * An independent reading of the memory model, for programs that are data: every interleaving and every moment at which
 * a buffered store may become visible are tried one by one, with no reduction and nothing shared with the checker.
 */
export type Instruction =
  | { readonly op: "peek" | "load"; readonly word: number }
  | { readonly op: "poke" | "store" | "add"; readonly word: number; readonly value: number }
  | { readonly op: "cas"; readonly word: number; readonly expected: number; readonly value: number }
  | { readonly op: "fence" };
export type Program = readonly Instruction[];

interface Machine {
  /** Of each word all values since the start. */
  histories: number[][];
  /** Of each word what each of its values carries. */
  released: (number[] | null)[][];
  fenced: number[];
  threads: {
    at: number;
    results: number[];
    seen: number[];
    buffer: { word: number; value: number }[];
    /** Whether it has loaded plainly since its last fence or atomic write. */
    peeked: boolean;
    /** Which write each word held at each moment since its last atomic access, as far as it has not seen later ones. */
    moments: number[][];
    /** What its last atomic write replaced, until its next fence or atomic access, or until somebody has seen it. */
    replaced: { word: number; write: number; passed: boolean } | null;
  }[];
}

/** Everything that the programs may end with: each thread's results, and the words, as JSON. */
export function allOutcomes(programs: readonly Program[], words: number): Set<string> {
  const outcomes = new Set<string>();
  const visited = new Set<string>();
  const start: Machine = {
    histories: Array.from({ length: words }, () => [0]),
    released: Array.from({ length: words }, () => [null]),
    fenced: Array<number>(words).fill(0),
    threads: programs.map(() => ({
      at: 0,
      results: [],
      seen: Array<number>(words).fill(0),
      buffer: [],
      peeked: false,
      moments: [Array<number>(words).fill(0)],
      replaced: null,
    })),
  };
  const visit = (machine: Machine): void => {
    const key = JSON.stringify(machine);
    if (visited.has(key)) return;
    visited.add(key);
    const following = programs.flatMap((program, thread) => [...successors(machine, thread, program)]);
    following.forEach(visit);
    if (following.length > 0) return;
    const results = machine.threads.map((state) => state.results);
    outcomes.add(JSON.stringify([results, machine.histories.map((history) => history.at(-1))]));
  };
  visit(start);
  return outcomes;
}

function* successors(machine: Machine, thread: number, program: Program): Generator<Machine> {
  const { buffer, at } = machine.threads[thread]!;
  for (let entry = 0; entry < buffer.length; entry++) {
    const { word } = buffer[entry]!;
    if (buffer.findIndex((other) => other.word === word) !== entry) continue;
    const next = structuredClone(machine);
    const [flushed] = next.threads[thread]!.buffer.splice(entry, 1);
    commit(next, thread, word, flushed!.value, false);
    yield next;
  }
  const instruction = program[at];
  if (instruction === undefined) return;
  const releases =
    instruction.op === "fence" ||
    instruction.op === "store" ||
    instruction.op === "add" ||
    instruction.op === "cas";
  if (releases && buffer.length > 0) return;
  if (instruction.op === "peek") {
    for (const [value, index] of readable(machine, thread, instruction.word)) {
      const next = structuredClone(machine);
      const mine = next.threads[thread]!;
      mine.at++;
      mine.results.push(value);
      mine.seen[instruction.word] = Math.max(mine.seen[instruction.word]!, index);
      for (const moment of mine.moments)
        moment[instruction.word] = Math.max(moment[instruction.word]!, index);
      mine.peeked = true;
      if (index === next.histories[instruction.word]!.length - 1) seen(next, instruction.word, thread);
      yield next;
    }
    return;
  }
  const { moments, peeked } = machine.threads[thread]!;
  const early = instruction.op === "load" && peeked && !buffer.some(({ word }) => word === instruction.word);
  for (let moment = 0; early && moment < moments.length - 1; moment++) {
    const next = structuredClone(machine);
    const mine = next.threads[thread]!;
    mine.at++;
    const found = next.histories[instruction.word]![moments[moment]![instruction.word]!]!;
    mine.results.push(found);
    mine.seen[instruction.word] = Math.max(mine.seen[instruction.word]!, moments[moment]![instruction.word]!);
    mine.moments.splice(0, moment);
    mine.replaced = null;
    // It acquires what that value carries, and what the newest one does only if it is that.
    mine.seen = newest(
      mine.seen,
      next.released[instruction.word]![moments[moment]![instruction.word]!] ?? [],
    );
    if (found === next.histories[instruction.word]!.at(-1)) {
      acquire(next, thread, instruction.word);
      seen(next, instruction.word);
    }
    yield next;
  }
  const forwarded = buffer.some(({ word }) => instruction.op !== "fence" && word === instruction.word);
  for (const other of machine.threads.keys()) {
    const { replaced } = machine.threads[other]!;
    if (instruction.op !== "load" || other === thread || forwarded) continue;
    if (replaced?.word !== instruction.word || !replaced.passed) continue;
    const next = structuredClone(machine);
    const mine = next.threads[thread]!;
    mine.at++;
    mine.results.push(next.histories[replaced.word]![replaced.write]!);
    mine.seen[replaced.word] = Math.max(mine.seen[replaced.word]!, replaced.write);
    for (const moment of mine.moments)
      moment[replaced.word] = Math.max(moment[replaced.word]!, replaced.write);
    mine.replaced = null;
    // The write that was not seen is still to come, and its thread's loads after it.
    next.threads[other]!.moments = [newestWrites(next)];
    yield next;
  }
  const next = structuredClone(machine);
  next.threads[thread]!.at++;
  perform(next, thread, instruction);
  // Every atomic access is a moment that later ones of the thread do not come before.
  const ownStore = instruction.op === "load" && forwarded;
  if (instruction.op !== "poke" && !ownStore) next.threads[thread]!.moments = [newestWrites(next)];
  yield next;
}

/** The word's newest value was seen or replaced: whose write it was is visible to all. */
function seen(machine: Machine, word: number, except = -1): void {
  machine.threads.forEach((state, thread) => {
    if (thread !== except && state.replaced?.word === word) state.replaced = null;
  });
}

function newestWrites({ histories }: Machine): number[] {
  return histories.map((history) => history.length - 1);
}

function acquire(machine: Machine, thread: number, word: number): void {
  const mine = machine.threads[thread]!;
  mine.seen = newest(mine.seen, machine.released[word]!.at(-1) ?? []);
  mine.seen[word] = machine.histories[word]!.length - 1;
}

function readable(machine: Machine, thread: number, word: number): [value: number, index: number][] {
  const { buffer, seen } = machine.threads[thread]!;
  const own = buffer.findLast((entry) => entry.word === word);
  if (own !== undefined) return [[own.value, 0]];
  const history = machine.histories[word]!;
  return history.flatMap((value, index): [number, number][] =>
    index >= seen[word]! ? [[value, index]] : [],
  );
}

function perform(machine: Machine, thread: number, instruction: Exclude<Instruction, { op: "peek" }>): void {
  const mine = machine.threads[thread]!;
  if (instruction.op !== "load" && instruction.op !== "poke") mine.peeked = false;
  if (instruction.op !== "poke") mine.replaced = null;
  if (instruction.op === "fence") {
    mine.seen = newest(mine.seen, machine.fenced);
    machine.fenced = [...mine.seen];
    return;
  }
  const { word } = instruction;
  if (instruction.op === "poke") {
    mine.buffer.push({ word, value: instruction.value });
    return;
  }
  const own = mine.buffer.findLast((entry) => entry.word === word);
  if (instruction.op === "load" && own !== undefined) {
    mine.results.push(own.value);
    return;
  }
  const old = machine.histories[word]!.at(-1)!;
  seen(machine, word);
  acquire(machine, thread, word);
  if (instruction.op !== "store") mine.results.push(old);
  if (instruction.op === "store") commit(machine, thread, word, instruction.value, true);
  else if (instruction.op === "add" && instruction.value !== 0)
    commit(machine, thread, word, old + instruction.value, true);
  else if (instruction.op === "cas" && old === instruction.expected && instruction.value !== old) {
    commit(machine, thread, word, instruction.value, true);
  }
}

function commit(machine: Machine, thread: number, word: number, value: number, atomic: boolean): void {
  const mine = machine.threads[thread]!;
  seen(machine, word);
  if (atomic) mine.replaced = { word, write: machine.histories[word]!.length - 1, passed: false };
  else if (mine.replaced !== null) mine.replaced.passed = true;
  machine.histories[word]!.push(value);
  mine.seen[word] = machine.histories[word]!.length - 1;
  machine.released[word]!.push(atomic ? [...mine.seen] : null);
  machine.threads.forEach((other, index) => {
    if (index !== thread) other.moments.push(newestWrites(machine));
    else for (const moment of other.moments) moment[word] = machine.histories[word]!.length - 1;
  });
  if (atomic) machine.fenced = newest(machine.fenced, mine.seen);
}

function newest(one: readonly number[], other: readonly number[]): number[] {
  return one.map((index, word) => Math.max(index, other[word] ?? 0));
}
