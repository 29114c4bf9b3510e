/**
 * Scans an IP address in `text[start, end)` and leaves its canonical words in `scanned`.
 *
 * Accepted are RFC 4291 section 2.2 text for IPv6 (any case, `::` once, for one group or more, dotted tail)
 * and exactly four decimal octets for IPv4. Refused are the forms that `inet_aton` would read as something
 * else: octal, hexadecimal, short and zero-padded octets, spaces, signs. A zone is not part of the scan.
 *
 * Allocates nothing and never throws.
 *
 * @returns true when the whole range is one address
 */
export function scanAddress(text: string, start: number, end: number): boolean {
  // An IPv6 address has a colon within its first five characters, an IPv4 address has none.
  const limit = Math.min(end, start + 5);
  for (let i = start; i < limit; i++) {
    if (text.charCodeAt(i) === COLON) return scanIPv6(text, start, end);
  }
  if (!scanIPv4(text, start, end)) return false;
  scanned[0] = 0;
  scanned[1] = 0;
  scanned[2] = 0xffff;
  scanned[3] = scannedIPv4;
  return true;
}

/** Words of the last successful scan of this thread: copy them before the next. */
export const scanned: Int32Array<ArrayBuffer> = new Int32Array(4);

/**
 * Scans a decimal number without sign or padding in `text[start, end)`.
 *
 * @returns the number, or -1 when it is malformed or greater than `maximum`
 */
export function scanDecimal(text: string, start: number, end: number, maximum: number): number {
  const length = end - start;
  if (length < 1 || length > 10 || (length > 1 && text.charCodeAt(start) === ZERO)) return -1;
  let value = 0;
  for (let i = start; i < end; i++) {
    const digit = text.charCodeAt(i) - ZERO;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value <= maximum ? value : -1;
}

const ZERO = 48;
const DOT = 46;
const COLON = 58;
/** Less than any character gives. */
const NO_DIGIT = -100;

const groups = new Int32Array(8);

/** Word of the last successful scan of an IPv4 address by this thread, as int32: copy it before the next. */
export let scannedIPv4 = 0;

/**
 * Scans exactly four decimal octets in `text[start, end)`, and leaves their word in `scannedIPv4`.
 *
 * An octet is written out digit by digit: how many digits it has is a branch that is often lost, one of a loop as well.
 *
 * @returns true when the whole range is one address
 */
export function scanIPv4(text: string, start: number, end: number): boolean {
  if (end - start > 15) return false;
  let word = 0;
  let i = start;
  for (let octets = 0; octets < 4; octets++) {
    let octet = i < end ? text.charCodeAt(i++) - ZERO : NO_DIGIT;
    if (octet < 0 || octet > 9) return false;
    let next = i < end ? text.charCodeAt(i++) - ZERO : NO_DIGIT;
    if (next >= 0 && next <= 9) {
      if (octet === 0) return false;
      octet = octet * 10 + next;
      next = i < end ? text.charCodeAt(i++) - ZERO : NO_DIGIT;
      if (next >= 0 && next <= 9) {
        octet = octet * 10 + next;
        if (octet > 255) return false;
        next = i < end ? text.charCodeAt(i++) - ZERO : NO_DIGIT;
      }
    }
    // The last octet ends where the text does.
    if (octets < 3 ? next !== DOT - ZERO : next !== NO_DIGIT) return false;
    word = (word << 8) | octet;
  }
  scannedIPv4 = word;
  return true;
}

function scanIPv6(text: string, start: number, end: number): boolean {
  if (end - start > 45) return false;
  let count = 0;
  let gap = -1;
  let i = start;
  if (text.charCodeAt(i) === COLON) {
    if (i + 1 >= end || text.charCodeAt(i + 1) !== COLON) return false;
    gap = 0;
    i += 2;
  }
  while (i < end) {
    if (count === 8) return false;
    const groupStart = i;
    let value = 0;
    let digit = 0;
    while (i < end && (digit = hexDigit(text.charCodeAt(i))) >= 0) {
      value = (value << 4) | digit;
      i++;
    }
    if (i < end && text.charCodeAt(i) === DOT) {
      if (count > 6 || !scanIPv4(text, groupStart, end)) return false;
      groups[count++] = scannedIPv4 >>> 16;
      groups[count++] = scannedIPv4 & 0xffff;
      break;
    }
    if (i === groupStart || i - groupStart > 4) return false;
    groups[count++] = value;
    if (i === end) break;
    if (text.charCodeAt(i) !== COLON) return false;
    i++;
    if (i === end) return false;
    if (text.charCodeAt(i) === COLON) {
      if (gap >= 0) return false;
      gap = count;
      i++;
    }
  }
  return fillGap(count, gap);
}

/** Spreads the groups before and after `::` over eight, and packs them into words. */
function fillGap(count: number, gap: number): boolean {
  if (gap < 0 ? count !== 8 : count > 7) return false;
  if (gap >= 0) {
    const zeros = 8 - count;
    for (let k = 7; k >= gap + zeros; k--) groups[k] = groups[k - zeros]!;
    for (let k = gap; k < gap + zeros; k++) groups[k] = 0;
  }
  for (let k = 0; k < 4; k++) scanned[k] = (groups[2 * k]! << 16) | groups[2 * k + 1]!;
  return true;
}

/** By table: whether a digit is a letter is a coin toss, which a branch would lose every other time. */
function hexDigit(code: number): number {
  return code < hexDigits.length ? hexDigits[code]! : -1;
}

const hexDigits: Int8Array<ArrayBuffer> = /* @__PURE__ */ Int8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  return /[0-9a-f]/i.test(character) ? parseInt(character, 16) : -1;
});
