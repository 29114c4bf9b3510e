/** Prints each address of test/data/python-ipaddress.json once, for the programs of other languages. */
import { readFileSync } from "node:fs";

const file = new URL("../test/data/python-ipaddress.json", import.meta.url);
const { records } = JSON.parse(readFileSync(file, "utf8")) as { records: [string, string, string, string][] };
for (const address of new Set(records.map((record) => record[3]))) console.log(address);
