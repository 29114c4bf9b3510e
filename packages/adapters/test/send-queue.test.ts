import fc from "fast-check";
import { parseEndpoint } from "@udp-relay/address-validation";
import { describe, expect, it } from "vitest";
import { SendQueue } from "../src/transport/send-queue.ts";

const endpoint = parseEndpoint("10.0.0.1:1000");

interface Entry {
  readonly id: number;
  readonly priorityClass: number;
}

/** What the queue promises, in the plainest form: a list, searched from either end. */
class ModelQueue {
  entries: Entry[] = [];
  readonly capacity: number;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  offer(entry: Entry): number {
    if (this.entries.length < this.capacity) {
      this.entries.push(entry);
      return -1;
    }
    const worst = Math.max(...this.entries.map(({ priorityClass }) => priorityClass));
    if (worst <= entry.priorityClass) return entry.priorityClass;
    const newest = this.entries.findLastIndex(({ priorityClass }) => priorityClass === worst);
    this.entries.splice(newest, 1);
    this.entries.push(entry);
    return worst;
  }

  take(): Entry | undefined {
    if (this.entries.length === 0) return undefined;
    const best = Math.min(...this.entries.map(({ priorityClass }) => priorityClass));
    const oldest = this.entries.findIndex(({ priorityClass }) => priorityClass === best);
    return this.entries.splice(oldest, 1)[0];
  }
}

describe("the send queue", () => {
  it("does what the model does, for any sequence of operations", () => {
    const operation = fc.oneof(
      { weight: 3, arbitrary: fc.nat(7).map((priorityClass) => ({ offer: priorityClass })) },
      { weight: 1, arbitrary: fc.constant({ offer: -1 }) },
    );
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.array(operation, { maxLength: 120 }),
        (capacity, operations) => {
          const queue = new SendQueue(capacity, 8);
          const model = new ModelQueue(capacity);
          for (const [id, { offer: priorityClass }] of operations.entries()) {
            if (priorityClass >= 0) {
              const bytes = new Uint8Array([255, id & 255, id >>> 8, 255]);
              expect(queue.offer(bytes, 1, 2, endpoint, priorityClass)).toBe(
                model.offer({ id, priorityClass }),
              );
            } else {
              expect(idOf(queue)).toBe(model.take()?.id ?? -1);
              queue.shift();
            }
            expect(queue.size).toBe(model.entries.length);
          }
          while (queue.size > 0) {
            expect(idOf(queue)).toBe(model.take()!.id);
            queue.shift();
          }
          expect(queue.peek()).toBe(-1);
        },
      ),
    );
  });

  it("keeps the bytes of a full queue in one slab of fixed size", () => {
    const queue = new SendQueue(100, 50);
    const bytes = new Uint8Array(50);
    for (let n = 0; n < 10_000; n++) queue.offer(bytes.fill(n), 0, 50, endpoint, n % 8);
    expect(queue.size).toBe(100);
    expect(queue.slab.length).toBe(5_000);
    expect(queue.clear()).toBe(100);
    expect(queue.size).toBe(0);
    expect(queue.offer(bytes, 0, 0, endpoint, 0)).toBe(-1);
    expect(queue.length(queue.peek())).toBe(0);
  });
});

function idOf(queue: SendQueue): number {
  const slot = queue.peek();
  if (slot < 0) return -1;
  expect(queue.length(slot)).toBe(2);
  expect(queue.endpoint(slot)).toBe(endpoint);
  const at = queue.offset(slot);
  return queue.slab[at]! | (queue.slab[at + 1]! << 8);
}
