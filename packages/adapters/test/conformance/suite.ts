import { describe } from "vitest";
import type { AdapterUnderTest } from "./adapter-under-test.ts";
import { addresses } from "./addresses.ts";
import { callbacks } from "./callbacks.ts";
import { delivery } from "./delivery.ts";
import { lifecycle } from "./lifecycle.ts";
import { sizes } from "./sizes.ts";

/** What every transport has to do alike. Each adapter's test file runs it. */
export function conformance(adapter: AdapterUnderTest): void {
  describe(`${adapter.name} conforms`, () => {
    delivery(adapter);
    sizes(adapter);
    callbacks(adapter);
    lifecycle(adapter);
    if (adapter.datagramSockets) addresses(adapter);
  });
}
