import { describe, expect, it } from "vitest";
import { CncnetV3, Route } from "@udp-relay/relay";

describe("smoke", () => {
  it("reads a CnCNet V3 datagram", () => {
    const bytes = Uint8Array.of(1, 0, 0, 0, 2, 0, 0, 0, 42);
    const route = new Route();
    new CncnetV3().read({ bytes, offset: 0, length: bytes.length }, route);
    expect(route).toMatchObject({ action: "forward", sender: 1, receiver: 2 });
  });
});
