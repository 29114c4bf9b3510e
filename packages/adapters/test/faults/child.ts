import { nativeAdapter } from "../conformance/native-adapter.ts";
import { faultScenario } from "./scenario.ts";

// Runs with udp-faults.so preloaded.
process.stdout.write(JSON.stringify(await faultScenario(nativeAdapter)));
