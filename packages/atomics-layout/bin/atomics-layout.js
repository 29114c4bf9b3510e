#!/usr/bin/env node
import { main } from "@udp-relay/atomics-layout/cli";

process.exitCode = await main(process.argv.slice(2));
