/** The stress of stress.test.ts for as long as one likes: `npm run example packages/sharded-map/test/soak.ts [operations]`, 1e9 by default. */
import { availableParallelism } from "node:os";
import { runMix } from "./mix-run.ts";

const total = Number(process.argv[2] ?? 1e9);
const share = 10_000_000;
for (let done = 0; done < total; done += share) {
  const shards = 2 ** ((done / share) % 9);
  const report = await runMix({
    workers: availableParallelism() + 1,
    operations: Math.min(share, total - done),
    mix: [
      { read: 10, insert: 45 },
      { read: 95, insert: 3 },
      { read: 34, insert: 33 },
    ][(done / share) % 3]!,
    sharedKeys: 4096,
    map: { capacity: (done / share) % 2 === 0 ? 8192 : 3000, shards },
  });
  const { busy, full, milliseconds, faults } = report;
  console.log(
    `${Math.min(done + share, total)} operations, ${shards} shards: ${Math.round(milliseconds)} ms, ${busy} busy, ${full} full, ${faults.length} faults`,
  );
  if (faults.length > 0) {
    console.error(faults);
    process.exit(1);
  }
}
