import type { RelayConfig, RelayConfigField } from "./relay-config.ts";

/** What may change while the relay runs; the rest is built into sockets and shared memory. */
const reloadableFields: readonly RelayConfigField[] = [
  "policy",
  "allow",
  "deny",
  "peerRelays",
  "pingsPerMinute",
  "v2RequestsPerMinute",
  "natRequestsPerMinute",
  "pairPacketsPerSecond",
  "maintenancePassword",
  "drainSeconds",
  "logAddresses",
];

/** The configuration in force with what may change taken from another one, and the names of what may not. */
export function reloadable(
  inForce: RelayConfig,
  wanted: RelayConfig,
): { readonly next: RelayConfig; readonly needRestart: readonly RelayConfigField[] } {
  const next: Record<string, unknown> = { ...inForce };
  for (const field of reloadableFields) next[field] = wanted[field];
  const needRestart = (Object.keys(inForce) as RelayConfigField[]).filter(
    (field) => JSON.stringify(next[field]) !== JSON.stringify(wanted[field]),
  );
  return { next: next as unknown as RelayConfig, needRestart };
}
