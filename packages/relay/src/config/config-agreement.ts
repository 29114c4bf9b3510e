/** Half of what 16 bits allow, so that a free id is found by a few tries. */
const V2_IDS = 32_767;

/** Those of the relay's settings that have to go with each other. */
interface AgreeingSettings {
  readonly port: number;
  readonly protocol: string;
  readonly protocolModule: string;
  readonly v2Port: number | "off";
  readonly announce: string;
  readonly maxClients: number;
  readonly maxClientsCeiling: number;
  readonly demo: boolean;
}

/** A setting that does not go with the others. */
interface Disagreement {
  readonly field: keyof AgreeingSettings;
  /** What would go with them: the end of the sentence that begins with the setting and its value. */
  readonly allowed: string;
}

/** The first setting whose value is allowed, but not with those of the others; undefined where all agree. */
export function disagreement(config: AgreeingSettings): Disagreement | undefined {
  const { maxClients, maxClientsCeiling, protocol, v2Port } = config;
  if (maxClients > maxClientsCeiling) {
    const allowed = `allowed: an integer from 2 to ${maxClientsCeiling} (--max-clients-ceiling raises that)`;
    return { field: "maxClients", allowed };
  }
  if ((protocol === "v2" || v2Port !== "off") && maxClients > V2_IDS) {
    return { field: "maxClients", allowed: `allowed with V2: an integer from 2 to ${V2_IDS}` };
  }
  if (config.demo && protocol === "v2") {
    return { field: "protocol", allowed: "allowed with --demo: v3, demo" };
  }
  if (protocol === "v2" && v2Port !== "off") {
    return { field: "v2Port", allowed: "allowed with --protocol v2: off (--port is V2's then)" };
  }
  if (v2Port !== "off" && v2Port !== 0 && v2Port === config.port) {
    return { field: "v2Port", allowed: "allowed: another port than --port has" };
  }
  if (config.announce !== "" && (protocol === "demo" || config.protocolModule !== "")) {
    const allowed = "allowed with V3 and V2 only: master servers list CnCNet's tunnels";
    return { field: "announce", allowed };
  }
  return undefined;
}
