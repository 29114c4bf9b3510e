/** Resident bytes a client in a full table, index, tickets and spare slots included: `KIND CLIENTS`. */
import { memoryUsage } from "node:process";
import { report } from "../measure.ts";
import { clientsOf, filledTable } from "./clients.ts";
import type { ClientKind } from "./clients.ts";

const [kind, countText] = process.argv.slice(2) as [ClientKind, string];
const count = Number(countText);
const clients = clientsOf(kind, count);
const collect = (globalThis as { gc?: () => void }).gc;
// A first table brings whatever code and heap it takes along.
filledTable(kind, 1_000, clientsOf(kind, 1_000))[Symbol.dispose]();
collect?.();
const before = memoryUsage.rss();
const table = filledTable(kind, count, clients);
collect?.();
const regionBytes = table.region.memory.buffer.byteLength;
report((memoryUsage.rss() - before) / count, { reservedBytesAClient: regionBytes / count });
