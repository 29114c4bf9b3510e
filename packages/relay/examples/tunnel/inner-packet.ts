/** What goes through the tunnel: IPv4 packets (RFC 791) with ICMP echoes (RFC 792). */
const IP_HEADER_BYTES = 20;
const ICMP_AT = IP_HEADER_BYTES;
const ECHO_BYTES = IP_HEADER_BYTES + 8 + 32;
const ICMP = 1;
const REQUEST = 8;
const REPLY = 0;

export function echoRequest(from: string, to: string, sequence: number): Buffer {
  const packet = Buffer.alloc(ECHO_BYTES);
  packet[0] = 0x45;
  packet.writeUInt16BE(ECHO_BYTES, 2);
  packet[8] = 64;
  packet[9] = ICMP;
  packet.set(addressBytes(from), 12);
  packet.set(addressBytes(to), 16);
  packet[ICMP_AT] = REQUEST;
  packet.writeUInt16BE(sequence, ICMP_AT + 6);
  return withChecksums(packet);
}

/** The packet without its padding; undefined when it is none. */
export function innerPacket(padded: Buffer): Buffer | undefined {
  if (padded.length < IP_HEADER_BYTES || padded[0] !== 0x45) return undefined;
  const length = padded.readUInt16BE(2);
  return length < IP_HEADER_BYTES || length > padded.length ? undefined : padded.subarray(0, length);
}

export function sourceOf(packet: Buffer): string {
  return packet.subarray(12, 16).join(".");
}

/** The answer to an echo request for `address`. */
export function echoReply(packet: Buffer, address: string): Buffer | undefined {
  const isRequest = packet.length >= ICMP_AT + 8 && packet[9] === ICMP && packet[ICMP_AT] === REQUEST;
  if (!isRequest || packet.subarray(16, 20).join(".") !== address) return undefined;
  const reply = Buffer.from(packet);
  packet.copy(reply, 12, 16, 20);
  packet.copy(reply, 16, 12, 16);
  reply[ICMP_AT] = REPLY;
  return withChecksums(reply);
}

/** The sequence number of a reply that came whole. */
export function repliedSequence(packet: Buffer): number | undefined {
  const whole = packet.length >= ICMP_AT + 8 && packet[9] === ICMP && packet[ICMP_AT] === REPLY;
  return whole && checksum(packet.subarray(ICMP_AT)) === 0 ? packet.readUInt16BE(ICMP_AT + 6) : undefined;
}

function addressBytes(address: string): number[] {
  return address.split(".").map(Number);
}

function withChecksums(packet: Buffer): Buffer {
  packet.writeUInt16BE(0, 10);
  packet.writeUInt16BE(checksum(packet.subarray(0, IP_HEADER_BYTES)), 10);
  packet.writeUInt16BE(0, ICMP_AT + 2);
  packet.writeUInt16BE(checksum(packet.subarray(ICMP_AT)), ICMP_AT + 2);
  return packet;
}

/** RFC 1071; 0 over bytes that hold their own right checksum. */
function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
