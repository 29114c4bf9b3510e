import { attachRegion, LayoutError } from "@udp-relay/atomics-layout";
import type { RecordLayout, Region, RegionHandle } from "@udp-relay/atomics-layout";
import { MAP_NAME, mapHash } from "./map-plan.ts";

const NO_UPDATES: readonly never[] = [];

/**
 * Attaches to a map's region. Which record it was made for stands there as a hash only, so that the error says what the
 * caller can look for.
 *
 * @throws LayoutError as `attachRegion`
 */
export function attachToMap(handle: RegionHandle, record: RecordLayout | undefined): Region {
  const updates = record?.updates ?? NO_UPDATES;
  try {
    return attachRegion(handle, { name: MAP_NAME, hash: mapHash(record), updates });
  } catch (error) {
    if (!(error instanceof LayoutError) || error.code !== "ERR_REGION_LAYOUT") throw error;
    const given = record === undefined ? "none was given" : `"${record.name}" was given`;
    const hint = `attach with the record that the map was created with, if any: ${given}`;
    throw new LayoutError("ERR_REGION_LAYOUT", `${error.message}; ${hint}`);
  }
}
