/**
 * Writes src/address-blocks.generated.ts from the registry files in data/.
 *
 *     node packages/address-validation/scripts/generate-blocks.ts
 *
 * A row that the classes below do not know stops the script: a new registry row needs a decision, not a
 * default.
 */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";

const folder = new URL("../data/", import.meta.url);

export interface RegistryRow {
  readonly prefix: string;
  readonly name: string;
  readonly rfc: string;
  readonly allocated: string;
  readonly terminated: string | undefined;
  readonly source: boolean | undefined;
  readonly destination: boolean | undefined;
  readonly forwardable: boolean | undefined;
  readonly globallyReachable: boolean | undefined;
  readonly reservedByProtocol: boolean | undefined;
}

interface Source {
  readonly file: string;
  readonly registry: string;
  readonly url: string;
  readonly asOf: string;
  readonly sha256: string;
}

/**
 * What each block is, in one word. Prefixes are exactly as the files write them. The order of the classes is the order
 * of their reason codes: append, never insert.
 */
const classes: Record<string, readonly string[]> = {
  unspecified: ["0.0.0.0/32", "::/128"],
  "this-network": ["0.0.0.0/8"],
  loopback: ["127.0.0.0/8", "::1/128"],
  private: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"],
  "unique-local": ["fc00::/7"],
  "shared-address-space": ["100.64.0.0/10"],
  "link-local": ["169.254.0.0/16", "fe80::/10"],
  "site-local": ["fec0::/10"],
  multicast: ["224.0.0.0/4", "ff00::/8"],
  broadcast: ["255.255.255.255/32"],
  documentation: ["192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20"],
  benchmarking: ["198.18.0.0/15", "2001:2::/48"],
  "protocol-assignment": ["192.0.0.0/24", "192.0.0.170/32", "192.0.0.171/32", "2001::/23"],
  "service-continuity": ["192.0.0.0/29"],
  dummy: ["192.0.0.8/32", "100:0:0:1::/64"],
  discard: ["100::/64"],
  "anycast-service": [
    "192.0.0.9/32",
    "192.0.0.10/32",
    "192.31.196.0/24",
    "192.52.193.0/24",
    "192.88.99.2/32",
    "192.175.48.0/24",
    "2001:1::1/128",
    "2001:1::2/128",
    "2001:1::3/128",
    "2001:3::/32",
    "2001:4:112::/48",
    "2620:4f:8000::/48",
  ],
  "ipv4-mapped": ["::ffff:0:0/96"],
  "ipv4-compatible": ["::/96"],
  nat64: ["64:ff9b::/96"],
  "nat64-local-use": ["64:ff9b:1::/48"],
  teredo: ["2001::/32"],
  "6to4": ["2002::/16"],
  identifier: ["2001:20::/28", "2001:30::/28", "5f00::/16"],
  deprecated: ["192.88.99.0/24", "2001:10::/28"],
  reserved: [
    "240.0.0.0/4",
    "::/8",
    "100::/8",
    "200::/7",
    "400::/6",
    "800::/5",
    "1000::/4",
    "4000::/3",
    "6000::/3",
    "8000::/3",
    "a000::/3",
    "c000::/3",
    "e000::/4",
    "f000::/5",
    "f800::/6",
    "fe00::/9",
  ],
};

/** Rows of one registry file, one for each prefix: a cell may name several. */
export function readRegistry(csv: string): RegistryRow[] {
  const [, ...records] = parseCsv(csv);
  return records.flatMap((cells) => {
    const [block, name, rfc, allocated, terminated, ...flags] = cells as [
      string,
      string,
      string,
      string,
      string,
    ];
    const [source, destination, forwardable, globallyReachable, reservedByProtocol] = flags.map(readFlag);
    return withoutFootnote(block)
      .split(/,\s*/)
      .map((prefix) => ({
        prefix,
        name,
        rfc: rfc.replace(/\s+/g, " "),
        allocated,
        terminated: terminated === "N/A" ? undefined : terminated,
        source,
        destination,
        forwardable,
        globallyReachable,
        reservedByProtocol,
      }));
  });
}

/** The whole generated module, as text. */
export function generateBlocks(): string {
  const sources = JSON.parse(readFileSync(new URL("sources.json", folder), "utf8")) as Source[];
  const classOf = new Map(
    Object.entries(classes).flatMap(([name, prefixes]) => prefixes.map((prefix) => [prefix, name])),
  );
  const lines = sources.flatMap(({ file, registry, asOf, sha256 }) => {
    const csv = readFileSync(new URL(file, folder), "utf8");
    const digest = createHash("sha256").update(csv).digest("hex");
    if (digest !== sha256)
      throw new Error(`data/${file} has sha256 ${digest}, data/sources.json says ${sha256}`);
    const rows = readRegistry(csv).map((row) => {
      const found = classOf.get(row.prefix);
      if (found === undefined) throw new Error(`data/${file}: no class for ${row.prefix} ${row.name}`);
      classOf.delete(row.prefix);
      return `  ${JSON.stringify([row.prefix, found, row.name, row.rfc, row.allocated, row.terminated ?? "", flagsOf(row), registry])},`;
    });
    return [`  // data/${file}, as of ${asOf}`, ...rows];
  });
  if (classOf.size > 0)
    throw new Error(`classes name blocks of no registry: ${[...classOf.keys()].join(" ")}`);
  return `${HEADER}${classesOf(Object.keys(classes))}\n${ROWS}\n${lines.join("\n")}\n];\n`;
}

const HEADER = `// Generated by scripts/generate-blocks.ts from the registry files in data/. Do not edit.

/** All classes, in the order of their reason codes. */
export const addressClasses = [
  "global",`;

const ROWS = `/** Prefix, class, name, RFC, allocated, terminated, five flags (y, n, - for neither), registry. */
export const blockRows: readonly (readonly [
  prefix: string,
  addressClass: AddressClass,
  name: string,
  rfc: string,
  allocated: string,
  terminated: string,
  flags: string,
  registry: string,
])[] = [`;

function classesOf(names: readonly string[]): string {
  return `\n${names.map((name) => `  ${JSON.stringify(name)},`).join("\n")}\n] as const;\n
/** What the most specific special-purpose block around an address is; \`global\` when there is none. */
export type AddressClass = (typeof addressClasses)[number];\n`;
}

function flagsOf(row: RegistryRow): string {
  return [row.source, row.destination, row.forwardable, row.globallyReachable, row.reservedByProtocol]
    .map((flag) => (flag === undefined ? "-" : flag ? "y" : "n"))
    .join("");
}

function readFlag(cell: string): boolean | undefined {
  const text = withoutFootnote(cell);
  if (text === "True") return true;
  if (text === "False") return false;
  if (text === "" || text === "N/A") return undefined;
  throw new Error(`flag ${JSON.stringify(cell)}`);
}

function withoutFootnote(cell: string): string {
  return cell.replace(/ \[\d+\]$/, "");
}

/** RFC 4180: quoted cells hold commas, line breaks and doubled quotes. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^,\r\n]*))(,|\r?\n)/g)) {
    row.push(quoted === undefined ? plain! : quoted.replaceAll('""', '"'));
    if (end === ",") continue;
    rows.push(row);
    row = [];
  }
  return rows;
}

if (import.meta.main) {
  writeFileSync(new URL("../src/address-blocks.generated.ts", import.meta.url), generateBlocks());
}
