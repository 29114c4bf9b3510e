/**
 * Counts packets that a later one overtakes, while packets are still in flight.
 *
 * Invariant: the ring holds, oldest first, the arrival times of packets that nobody has overtaken yet; they ascend,
 * because a packet that arrives earlier than the last one held overtakes it, and so takes it out. Each packet enters
 * and leaves once: constant time a packet. A packet that arrived before the newest was sent cannot be overtaken.
 */
export class ReorderCounter {
  #arrivals = new Float64Array(64);
  #head = 0;
  #size = 0;

  /** Adds a packet sent at `sentMs` that arrives at `arrivalMs`; returns how many packets it is the first to overtake. */
  add(sentMs: number, arrivalMs: number): number {
    while (this.#size > 0 && this.#at(0) <= sentMs) {
      this.#head = (this.#head + 1) & (this.#arrivals.length - 1);
      this.#size--;
    }
    let overtaken = 0;
    while (this.#size > 0 && this.#at(this.#size - 1) > arrivalMs) {
      this.#size--;
      overtaken++;
    }
    if (this.#size === this.#arrivals.length) this.#grow();
    this.#arrivals[(this.#head + this.#size) & (this.#arrivals.length - 1)] = arrivalMs;
    this.#size++;
    return overtaken;
  }

  #at(index: number): number {
    return this.#arrivals[(this.#head + index) & (this.#arrivals.length - 1)]!;
  }

  #grow(): void {
    const larger = new Float64Array(this.#arrivals.length * 2);
    for (let i = 0; i < this.#size; i++) larger[i] = this.#at(i);
    this.#arrivals = larger;
    this.#head = 0;
  }
}
