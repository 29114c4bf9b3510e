/** For each location (by weak index) the oldest write that its holder may still read. Immutable. */
export type View = readonly number[];

export function raised(view: View, weak: number, index: number): View {
  if ((view[weak] ?? 0) >= index) return view;
  const next = view.slice();
  while (next.length <= weak) next.push(0);
  next[weak] = index;
  return next;
}

/** The later of both for each location; one of the two itself where it has it all. */
export function join(one: View, other: View): View {
  if (covers(one, other)) return one;
  if (covers(other, one)) return other;
  const joined: number[] = [];
  for (let weak = 0; weak < Math.max(one.length, other.length); weak++) {
    joined.push(Math.max(one[weak] ?? 0, other[weak] ?? 0));
  }
  return joined;
}

function covers(one: View, other: View): boolean {
  if (one === other) return true;
  for (let weak = 0; weak < other.length; weak++) if ((one[weak] ?? 0) < other[weak]!) return false;
  return true;
}
