import { PublishedTotals } from "../shared/published-totals.ts";
import { addressField, dropField, namedDrops, type RelayDropReason } from "./counter-fields.ts";

/** What one worker of a relay counts; the fields are a `Total`, `dropField`, `addressField` or `transportField`. */
export class WorkerCounters extends PublishedTotals {
  drop(reason: RelayDropReason): void {
    this.add(dropField(reason), 1);
  }

  /** A source that the policy refuses, by the policy's code. */
  dropAddress(code: number): void {
    this.add(addressField(code), 1);
  }

  /** Drops by name; the policy's reasons are prefixed with `address:`. */
  drops(): Record<string, number> {
    return namedDrops(this.totals);
  }
}
