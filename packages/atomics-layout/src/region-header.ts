import { compareExchange, load, store } from "@udp-relay/atomics-layout/memory";
import type { Words } from "@udp-relay/atomics-layout/memory";
import { LayoutError } from "./atomics-layout-error.ts";
import { MAX_OWNERS, OWNER_BYTES } from "./owner-table.ts";

/**
 * The first bytes of a region, in 32-bit words of the machine's byte order:
 *
 *     word   0  nobody's line: an offset that is undefined or NaN becomes 0 and hits no record
 *           16  state: 0 empty | digest of the plan: being initialised | READY; the rest of its line is unused
 *           32  magic "UDPR"  33 magic "RELY"  34 format version  35 words of the header (its end)
 *           36  checksum, low word  37 high word; over words 32 to the end without these two
 *           38  pages of the region  39 layout hash  40 capacity  41 owners  42 owners' table (byte offset)
 *           43  sections  44 parameters  45 repairs that a thread needs  46 bytes of the name  47 unused
 *           48  128-bit hash key  52 name (48 bytes of UTF-8)
 *           64  parameters (32 words)
 *           96  sections, 16 words each: byte offset, bytes, align, bytes of the name, name (48 bytes of UTF-8)
 *
 * Nothing from word 32 on changes once the state is READY. The memory module is all that touches it, so that the
 * model checker runs the initialisation too.
 */
export interface RegionHeader {
  readonly name: string;
  readonly hash: number;
  readonly capacity: number;
  /** The whole region's, in whole pages. */
  readonly byteLength: number;
  readonly owners: number;
  readonly ownersByteOffset: number;
  readonly repairs: number;
  readonly parameters: readonly number[];
  readonly sections: readonly Section[];
}

/** Where a section is. */
export interface Section {
  readonly name: string;
  readonly byteOffset: number;
  readonly byteLength: number;
  readonly align: 64 | 128;
}

export type HashKeys = readonly [number, number, number, number];

const FORMAT_VERSION = 1;
export const NAME_BYTES = 48;
export const MAX_PARAMETERS = 32;
export const MAX_SECTIONS = 64;

const STATE = 16;
const MAGIC = 32;
const VERSION = 34;
const END = 35;
const CHECKSUM_LOW = 36;
const CHECKSUM_HIGH = 37;
const KEYS = 48;
const NAME = 52;
const PARAMETERS = 64;
const SECTIONS = 96;
const SECTION_WORDS = 16;
const PAGE_BYTES = 65_536;

const READY = 0x5245_4459;
const MAGIC_LOW = 0x5244_5055 | 0; // "UDPR" in memory on a little-endian machine, like every one that Node and Bun run on
const MAGIC_HIGH = 0x594c_4552 | 0; // "RELY"

/** The byte offset at which a header with that many sections ends. */
export function sectionTableEnd(sections: number): number {
  return (SECTIONS + sections * SECTION_WORDS) * 4;
}

/**
 * Writes the header of a zeroed memory; several threads may do so at once, each with the same plan and keys of its
 * own. Nobody waits: all words but the keys follow from the plan, the keys are whatever was written to each of their
 * words first, so every thread writes the same values and the first to finish says READY, whoever was stopped before.
 *
 * @returns false if another plan was there first
 *
 * Concurrency: any thread, any number of times; lock-free, a bounded number of steps.
 */
export function initializeHeader(words: Words, header: RegionHeader, keys: HashKeys): boolean {
  const image = encodeHeader(header);
  const digest = digestOf(image);
  const found = compareExchange(words, STATE, 0, digest);
  if (found === READY) return true;
  if (found !== 0 && found !== digest) return false;
  for (let i = 0; i < 4; i++) {
    const key = keys[i]! | 0 || 1;
    const other = compareExchange(words, KEYS + i, 0, key);
    image[KEYS + i] = other === 0 ? key : other;
  }
  const [low, high] = checksum(image);
  image[CHECKSUM_LOW] = low;
  image[CHECKSUM_HIGH] = high;
  for (let i = MAGIC; i < image.length; i++) {
    const keyWord = i >= KEYS && i < KEYS + 4;
    if (!keyWord && image[i] !== 0) store(words, i, image[i]!);
  }
  compareExchange(words, STATE, digest, READY);
  return true;
}

/** A header that was read and found sound, with its keys. */
export interface SoundHeader extends RegionHeader {
  readonly hashKeys: HashKeys;
}

/**
 * Reads the header and trusts none of it: the magic, the version, the checksum, then every bound.
 *
 * @throws LayoutError ERR_REGION_MAGIC, _VERSION, _NOT_READY, _SIZE, _CORRUPT
 *
 * Concurrency: any thread; never waits. A region that is being initialised is refused as not ready.
 */
export function readHeader(words: Words): SoundHeader {
  const byteLength = words.byteLength;
  if (byteLength < PAGE_BYTES) refuse("ERR_REGION_SIZE", `${byteLength} bytes hold no region`);
  // The state first: once it says READY, every word of the header that is read after it is there.
  const ready = load(words, STATE) === READY;
  const low = load(words, MAGIC);
  const high = load(words, MAGIC + 1);
  const begun = (low === 0 || low === MAGIC_LOW) && (high === 0 || high === MAGIC_HIGH);
  if (!ready && begun) refuse("ERR_REGION_NOT_READY", "nobody has finished initialising it");
  if (low !== MAGIC_LOW || high !== MAGIC_HIGH) refuse("ERR_REGION_MAGIC", "it begins with something else");
  const version = load(words, VERSION);
  if (version !== FORMAT_VERSION) {
    refuse("ERR_REGION_VERSION", `its format version is ${version}, this package reads ${FORMAT_VERSION}`);
  }
  const end = load(words, END);
  if (end < SECTIONS || end > SECTIONS + MAX_SECTIONS * SECTION_WORDS) corrupt("the header's length");
  const image = new Int32Array(end);
  for (let i = MAGIC; i < end; i++) image[i] = load(words, i);
  const [sumLow, sumHigh] = checksum(image);
  if (image[CHECKSUM_LOW] !== sumLow || image[CHECKSUM_HIGH] !== sumHigh) corrupt("its checksum");
  const header = decodeHeader(image);
  if (header.byteLength !== byteLength) {
    refuse(
      "ERR_REGION_SIZE",
      `its header speaks of ${header.byteLength} bytes, the memory has ${byteLength}`,
    );
  }
  requireBounds(header, end * 4);
  return header;
}

function encodeHeader(header: RegionHeader): Int32Array {
  const end = SECTIONS + header.sections.length * SECTION_WORDS;
  const image = new Int32Array(end);
  image.set([MAGIC_LOW, MAGIC_HIGH, FORMAT_VERSION, end], MAGIC);
  image.set(
    [
      header.byteLength / PAGE_BYTES,
      header.hash,
      header.capacity,
      header.owners,
      header.ownersByteOffset,
      header.sections.length,
      header.parameters.length,
      header.repairs,
      encodeName(image, NAME, header.name),
    ],
    CHECKSUM_HIGH + 1,
  );
  image.set(header.parameters, PARAMETERS);
  header.sections.forEach(({ name, byteOffset, byteLength, align }, i) => {
    const at = SECTIONS + i * SECTION_WORDS;
    image.set([byteOffset, byteLength, align, encodeName(image, at + 4, name)], at);
  });
  return image;
}

function decodeHeader(image: Int32Array): SoundHeader {
  const word = (index: number): number => image[index]!;
  const [pages, hash, capacity, owners, ownersByteOffset, sectionCount, parameterCount, repairs, nameBytes] =
    Array.from(image.subarray(CHECKSUM_HIGH + 1, CHECKSUM_HIGH + 10), (value) => value >>> 0) as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
  if (sectionCount * SECTION_WORDS + SECTIONS !== image.length) corrupt("its number of sections");
  if (parameterCount > MAX_PARAMETERS) corrupt("its number of parameters");
  const sections = Array.from({ length: sectionCount }, (_, i): Section => {
    const at = SECTIONS + i * SECTION_WORDS;
    const align = word(at + 2);
    if (align !== 64 && align !== 128) corrupt(`the alignment of section ${i}`);
    const name = decodeName(image, at + 4, word(at + 3) >>> 0);
    return { name, byteOffset: word(at) >>> 0, byteLength: word(at + 1) >>> 0, align };
  });
  return {
    name: decodeName(image, NAME, nameBytes),
    hash,
    capacity,
    byteLength: pages * PAGE_BYTES,
    owners,
    ownersByteOffset,
    repairs,
    parameters: Array.from(image.subarray(PARAMETERS, PARAMETERS + parameterCount)),
    sections,
    hashKeys: [word(KEYS), word(KEYS + 1), word(KEYS + 2), word(KEYS + 3)],
  };
}

/** A checksum can be forged or hit by chance: nothing may point outside the memory or into something else. */
function requireBounds(header: RegionHeader, headerEnd: number): void {
  const { byteLength, capacity, owners, ownersByteOffset, sections, repairs } = header;
  if (capacity < 1 || capacity > 0x7fff_ffff) corrupt("its capacity");
  if (owners < 1 || owners > MAX_OWNERS || repairs > 255) corrupt("its owners");
  if (ownersByteOffset % 128 !== 0 || ownersByteOffset < headerEnd) corrupt("the place of its owners' table");
  let end = ownersByteOffset + owners * OWNER_BYTES;
  if (end > byteLength) corrupt("the place of its owners' table");
  for (const { name, byteOffset, byteLength: bytes, align } of sections) {
    if (byteOffset % align !== 0 || byteOffset < end || bytes < 1) corrupt(`the place of section "${name}"`);
    end = byteOffset + bytes;
    if (end > byteLength) corrupt(`the end of section "${name}"`);
  }
  if (new Set(sections.map(({ name }) => name)).size !== sections.length) corrupt("two sections of one name");
}

/** Two 32-bit lanes. Each step is a bijection of its lane, so one changed word always changes both. */
function checksum(image: Int32Array): [low: number, high: number] {
  let low = 0x811c_9dc5 | 0;
  let high = 0x9e37_79b9 | 0;
  for (let i = MAGIC; i < image.length; i++) {
    if (i === CHECKSUM_LOW || i === CHECKSUM_HIGH) continue;
    const word = image[i]!;
    low = (Math.imul(low ^ word ^ ((low ^ word) >>> 15), 0x85eb_ca6b) + i) | 0;
    high = Math.imul((high + word) ^ ((high + word) >>> 13), 0xc2b2_ae35) ^ i;
  }
  return [low, high];
}

/** Names a plan in the state word: neither 0 nor READY. */
function digestOf(image: Int32Array): number {
  const [low] = checksum(image);
  return low === 0 || low === READY ? 1 : low;
}

/** Returns the bytes that the name takes. */
function encodeName(image: Int32Array, index: number, name: string): number {
  const bytes = new TextEncoder().encode(name);
  new Uint8Array(image.buffer).set(bytes, index * 4);
  return bytes.length;
}

function decodeName(image: Int32Array, index: number, byteLength: number): string {
  if (byteLength < 1 || byteLength > NAME_BYTES) corrupt("a name's length");
  const bytes = new Uint8Array(image.buffer, index * 4, byteLength);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return corrupt("a name's encoding");
  }
}

function corrupt(what: string): never {
  return refuse("ERR_REGION_CORRUPT", `its header is damaged: ${what}`);
}

function refuse(code: LayoutError["code"], reason: string): never {
  throw new LayoutError(code, `no usable region: ${reason}`);
}
