//! Drives crate udp-relay-core 0.1.0 through scripted and seeded sequences and writes what it answered, as JSON:
//!
//!     crate-vectors priority   > packages/tunnel-client/test/data/crate-priority.json
//!     crate-vectors bandwidth  > packages/tunnel-client/test/data/crate-bandwidth.json
//!     crate-vectors timeouts   > packages/tunnel-client/test/data/crate-timeouts.json
//!     crate-vectors loss       > packages/quality-analyzer/test/data/crate-loss.json
//!     crate-vectors shards     > packages/sharded-map/test/data/crate-shards.json
//!
//! each by `cargo run --release --manifest-path tools/bench/rust/crate-vectors/Cargo.toml -- NAME`. The crate has no
//! getters: its struct is `repr(C)`, so that the words below are read and set where its source puts them. What it
//! answers depends on the wall clock's second in two places (`is_timed_out`, the age term): a script during which the
//! second changed is run again.

use std::sync::atomic::{AtomicU64, Ordering};
use udp_relay_core::{create_dashmap_with_capacity, QualityAnalyzer, TunnelClient};

/// Words of `TunnelClient` by its source's order: eight hot ones, then `priority_score`, `connection_start`.
const BANDWIDTH_ESTIMATE: usize = 4;
const CONNECTION_START: usize = 9;

fn word(client: &TunnelClient, index: usize) -> &AtomicU64 {
    // Sound: `repr(C, align(128))` with ten leading u64-sized fields, nine of them atomics; index 7 is never asked for.
    assert!(index != 7 && index < 10 && std::mem::size_of::<TunnelClient>() == 128);
    unsafe { &*(client as *const TunnelClient).cast::<AtomicU64>().add(index) }
}

/// xorshift64.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

fn main() {
    let name = std::env::args().nth(1).unwrap_or_default();
    let (columns, rows) = match name.as_str() {
        "priority" => (&["bytes a second", "latency ms", "loss per mille", "age s", "priority", "slow"][..], priority()),
        "bandwidth" => (&["steps: [after s, bytes in, bytes out]", "estimates after each step"][..], bandwidth()),
        "timeouts" => (&["timeout s", "idle s", "timed out"][..], timeouts()),
        "loss" => (&["lost one in", "in bursts of", "outcomes: [recorded, lost, rate]"][..], loss()),
        "shards" => (&["CPUs", "shards"][..], shards()),
        other => panic!("there are no vectors called {other:?}"),
    };
    let columns: Vec<String> = columns.iter().map(|column| format!("\"{column}\"")).collect();
    println!("{{");
    println!("  \"source\": \"crate udp-relay-core 0.1.0\",");
    println!("  \"program\": \"tools/bench/rust/crate-vectors {name}\",");
    println!("  \"columns\": [{}],", columns.join(", "));
    println!("  \"vectors\": [\n    {}\n  ]", rows.join(",\n    "));
    println!("}}");
}

/// Runs a script again until the wall clock's second was the same at its end as at its beginning.
fn within_a_second<T>(mut script: impl FnMut(u64) -> T) -> T {
    loop {
        let begun = TunnelClient::current_timestamp();
        let result = script(begun);
        if TunnelClient::current_timestamp() == begun {
            return result;
        }
    }
}

fn priority() -> Vec<String> {
    let mut random = Random(20_261_126);
    let edges = [0, 99, 100, 101, 1_000, 99_999, 100_000, 1 << 20, (1 << 20) - 1_024, 10_000_000];
    let mut inputs: Vec<[u64; 4]> = edges.iter().map(|&bandwidth| [bandwidth, 0, 0, 0]).collect();
    for edge in [0, 1, 499, 500, 501, 100_000] {
        inputs.push([50_000, edge, 0, 0]);
    }
    for edge in [0, 1, 999, 1_000, 1_001, 70_000] {
        inputs.push([50_000, 0, edge, 0]);
    }
    for edge in [0, 9, 10, 19, 20, 999, 1_000, 1_010, 1_000_000] {
        inputs.push([50_000, 0, 0, edge]);
    }
    for _ in 0..400 {
        let bits = 1 + random.below(23);
        let bandwidth = random.below(1 << bits);
        inputs.push([bandwidth, random.below(700), random.below(1_200), random.below(1_500)]);
    }
    inputs
        .iter()
        .map(|&[bandwidth, latency, loss, age]| {
            let (score, slow) = within_a_second(|now| {
                let client = TunnelClient::new(30);
                word(&client, BANDWIDTH_ESTIMATE).store(bandwidth, Ordering::Relaxed);
                word(&client, CONNECTION_START).store(now - age, Ordering::Relaxed);
                client.set_latency(latency as u32);
                client.set_packet_loss_rate(loss as u32);
                (client.get_priority(), client.is_slow_connection())
            });
            format!("[{bandwidth}, {latency}, {loss}, {age}, {score}, {slow}]")
        })
        .collect()
}

fn bandwidth() -> Vec<String> {
    let mut random = Random(4_711);
    let steady = |bytes: u64, seconds: u64| -> Vec<[u64; 3]> { (0..seconds).map(|_| [1, bytes, 0]).collect() };
    let mut scripts = vec![
        steady(1_000_000, 30),
        steady(64, 30),
        [steady(1_000_000, 20), vec![[3_600, 32, 0]], steady(32, 10)].concat(),
        [steady(500_000, 10), vec![[100_000, 100, 0]], steady(500_000, 5)].concat(),
        (0..60).map(|i| [if i % 10 == 0 { 1 } else { 0 }, 1_200, 300]).collect(),
        (0..20).map(|_| [10, 100, 100]).collect(),
    ];
    for _ in 0..20 {
        let steps = 5 + random.below(40);
        scripts.push((0..steps).map(|_| [random.below(4), random.below(1 << 20), random.below(1 << 16)]).collect());
    }
    scripts
        .iter()
        .map(|steps| {
            // The crate is told the time here: no wall clock.
            let client = TunnelClient::new(30);
            let mut now = word(&client, 5).load(Ordering::Relaxed);
            let estimates: Vec<String> = steps
                .iter()
                .map(|&[after, bytes_in, bytes_out]| {
                    now += after;
                    client.update_stats(bytes_in as usize, bytes_out as usize, now);
                    word(&client, BANDWIDTH_ESTIMATE).load(Ordering::Relaxed).to_string()
                })
                .collect();
            let steps: Vec<String> = steps.iter().map(|[a, b, c]| format!("[{a}, {b}, {c}]")).collect();
            format!("[[{}], [{}]]", steps.join(", "), estimates.join(", "))
        })
        .collect()
}

fn timeouts() -> Vec<String> {
    let mut rows = Vec::new();
    for timeout in [1u64, 2, 30, 60, 3_600] {
        for idle in [0, 1, timeout - 1, timeout, timeout + 1, 10 * timeout] {
            let timed_out = within_a_second(|now| {
                let client = TunnelClient::new(timeout);
                client.set_last_receive_tick_at(now - idle);
                client.is_timed_out()
            });
            rows.push(format!("[{timeout}, {idle}, {timed_out}]"));
        }
    }
    // Of the future: saturating.
    let ahead = within_a_second(|now| {
        let client = TunnelClient::new(30);
        client.set_last_receive_tick_at(now + 100);
        client.is_timed_out()
    });
    rows.push(format!("[30, -100, {ahead}]"));
    rows
}

fn loss() -> Vec<String> {
    let patterns = [(0u64, 0u64), (1, 1), (2, 1), (3, 1), (10, 1), (100, 1), (1_000, 1), (333, 1), (500, 20), (50, 5)];
    patterns
        .iter()
        .map(|&(one_in, burst)| {
            let analyzer = QualityAnalyzer::new();
            let mut lost = 0u64;
            let mut outcomes = Vec::new();
            for recorded in 1..=30_000u64 {
                // Bursts begin with the first packet of a period, so that the mean is burst / period.
                let is_lost = one_in > 0 && (recorded - 1) % (one_in * burst.max(1)) < burst;
                analyzer.record_packet(is_lost);
                lost += u64::from(is_lost);
                if [1, 2, 3, 10, 100, 999, 1_000, 5_000, 9_999, 10_000, 10_001, 10_002, 15_000, 20_000, 30_000]
                    .contains(&recorded)
                {
                    outcomes.push(format!("[{recorded}, {lost}, {}]", analyzer.get_packet_loss_rate()));
                }
            }
            format!("[{one_in}, {burst}, [{}]]", outcomes.join(", "))
        })
        .collect()
}

/// As many as the machine has, fewer by affinity: the crate asks `available_parallelism`.
fn shards() -> Vec<String> {
    let available = std::thread::available_parallelism().map_or(1, |n| n.get());
    (1..=available)
        .map(|cpus| {
            restrict_to(cpus);
            let map: dashmap::DashMap<u32, ()> = create_dashmap_with_capacity(100);
            format!("[{cpus}, {}]", map.shards().len())
        })
        .collect()
}

fn restrict_to(cpus: usize) {
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        for cpu in 0..cpus {
            libc::CPU_SET(cpu, &mut set);
        }
        assert_eq!(libc::sched_setaffinity(0, std::mem::size_of_val(&set), &set), 0);
    }
}
