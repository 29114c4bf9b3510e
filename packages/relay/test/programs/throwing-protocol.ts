// A protocol that reads nothing: `--protocol-module` of a test.
import type { Protocol } from "@udp-relay/relay";

const throwing: Protocol = {
  name: "throwing",
  read() {
    throw new Error("a user's mistake");
  },
};
export default throwing;
