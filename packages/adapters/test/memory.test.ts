import { MemoryNetwork } from "../src/transport/memory.ts";
import { memoryAdapter } from "./conformance/memory-adapter.ts";
import { conformance } from "./conformance/suite.ts";

conformance(memoryAdapter(new MemoryNetwork({ link: { delayMs: 1 } })));
