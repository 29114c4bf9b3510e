import type { Backend } from "./backend.ts";

/** Where sessions may go, as whoever has sessions sees it. */
export interface SessionBackends {
  /** All of them, those that are leaving included. */
  readonly backends: readonly Backend[];
  /** @param besides one that is not to be chosen */
  choose(besides?: Backend): Backend | undefined;
}

/** The backend for a new session: the cheapest of those that are well, else of those whose path is bad. */
export function chooseBackend(backends: readonly Backend[], besides?: Backend): Backend | undefined {
  let best: Backend | undefined;
  let bestCost = Infinity;
  for (const backend of backends) {
    if (!backend.takesSessions || backend === besides) continue;
    const { cost } = backend;
    const isBetterKind = best !== undefined && best.health.isDegraded && !backend.health.isDegraded;
    const isSameKind = best === undefined || best.health.isDegraded === backend.health.isDegraded;
    if (isBetterKind || (isSameKind && cost < bestCost)) {
      best = backend;
      bestCost = cost;
    }
  }
  return best;
}
