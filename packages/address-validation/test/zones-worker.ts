import { parentPort } from "node:worker_threads";
import { parseAddress } from "../src/index.ts";

const names = ["eth0", "eth1", "Ethernet", "wlp0s20f3"];
parentPort!.postMessage(names.map((name) => parseAddress(`fe80::1%${name}`).zone));
