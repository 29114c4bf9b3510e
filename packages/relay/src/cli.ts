#!/usr/bin/env node
import { runRelay } from "./run-relay.ts";

process.exitCode = await runRelay(process.argv.slice(2), process.env);
