/** What `postMessage` or `workerData` carries to another thread, for `CoarseClock.attach`. */
export interface ClockHandle {
  readonly kind: "@udp-relay/clock";
  readonly buffer: SharedArrayBuffer;
  readonly byteOffset: number;
}
