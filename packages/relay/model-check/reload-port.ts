import { endpointsEqual } from "@udp-relay/address-validation";
import { add, load, store, wordsOf } from "@udp-relay/atomics-layout/memory";
import type { SharedMemory, Words } from "@udp-relay/atomics-layout/memory";
import type { BackendList } from "../src/proxy/workers/proxy-messages.ts";
import { MESSAGES, POSTED, specs } from "./reload-memory.ts";

/** A message port as Node has them: what was posted is there at once. The nth list is version n. */
export class Port {
  readonly #words: Words;
  #taken = 0;

  constructor(memory: SharedMemory) {
    this.#words = wordsOf(memory);
  }

  post(list: BackendList): void {
    let bits = 0;
    for (const { place, generation, spec } of list.backends) {
      const which = specs.findIndex(({ endpoint }) => endpointsEqual(endpoint, spec.endpoint));
      bits |= ((place + 1) | (generation << 2)) << (which * 6);
    }
    store(this.#words, MESSAGES + list.version, bits);
    add(this.#words, POSTED, 1);
  }

  take(): { readonly message: BackendList } | undefined {
    if (this.#taken === load(this.#words, POSTED)) return undefined;
    const version = ++this.#taken;
    const bits = load(this.#words, MESSAGES + version);
    const backends = specs.flatMap((spec, which) => {
      const own = (bits >> (which * 6)) & 63;
      return own === 0 ? [] : [{ place: (own & 3) - 1, generation: own >> 2, spec }];
    });
    return { message: { version, backends } };
  }
}
