export { QualityAnalyzer } from "@udp-relay/quality-analyzer";
export { SimulatedLink } from "@udp-relay/quality-analyzer/simulation";
