export { SimulatedLink } from "./simulated-link.ts";
export type { RateLimitOptions, ReorderOptions, SimulatedLinkOptions } from "./simulated-link.ts";
export type { LinkTruth } from "./link-truth.ts";
export { gilbertElliott } from "./loss-model.ts";
export type { GilbertElliottLoss, IndependentLoss, LossOptions } from "./loss-model.ts";
export { expectedJitterMs } from "./jitter-model.ts";
export type { JitterOptions } from "./jitter-model.ts";
export { SeededRandom } from "./seeded-random.ts";
export { VirtualClock } from "./virtual-clock.ts";
