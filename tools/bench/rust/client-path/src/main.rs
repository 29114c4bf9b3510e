//! The state path of a datagram with crate udp-relay-core 0.1.0, as its own user does it: get the client from the DashMap,
//! clone its Arc, set the receive tick, update the statistics. `client-path WHAT KEYS CLIENTS`; the keys are those of
//! tools/bench/src/map/keys.ts. The clock is read once for each 32 datagrams.

use dashmap::DashMap;
use std::hash::Hash;
use std::hint::black_box;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};
use udp_relay_core::{create_dashmap_with_capacity, TunnelClient};

const BATCH: usize = 32;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [what, kind, clients] = arguments.as_slice() else {
        panic!("client-path takes WHAT KEYS CLIENTS");
    };
    let clients: usize = clients.parse().expect("CLIENTS is a number");
    match kind.as_str() {
        "u32" => run(what, clients, scatter),
        "ipv4" => run(what, clients, |i| {
            SocketAddr::from((Ipv4Addr::from(scatter(i)), (1024 + i % 60_000) as u16))
        }),
        other => panic!("KEYS is u32 or ipv4, not {other}"),
    }
}

/// The key of an index: a bijection of u32 that leaves no order.
fn scatter(index: u32) -> u32 {
    let mut x = index.wrapping_mul(0x9e37_79b1) ^ 0x5bd1_e995;
    x ^= x >> 15;
    x.wrapping_mul(0x85eb_ca6b)
}

/// A shuffled 0..entries (Fisher-Yates by xorshift32), the same as in keys.ts.
fn order(entries: usize) -> Vec<u32> {
    let mut order: Vec<u32> = (0..entries as u32).collect();
    let mut x = 2_463_534_242u32;
    for i in (1..entries).rev() {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        order.swap(i, (x % (i as u32 + 1)) as usize);
    }
    order
}

fn run<K: Copy + Eq + Hash + Send + Sync>(what: &str, clients: usize, key_of: impl Fn(u32) -> K) {
    let keys: Vec<K> = order(clients).into_iter().map(&key_of).collect();
    let before = resident_bytes();
    let map: DashMap<K, Arc<TunnelClient>> = create_dashmap_with_capacity(clients);
    for key in &keys {
        let endpoint = SocketAddr::from((Ipv4Addr::LOCALHOST, 5000));
        map.insert(*key, Arc::new(TunnelClient::new_with_endpoint(endpoint, 30)));
    }
    // Clients were made in one order and send in another: no walk through memory from front to back.
    let keys: Vec<K> = order(clients).into_iter().map(|i| keys[i as usize]).collect();
    match what {
        "path" => {
            let mut at = 0;
            measure::measure(|iterations| {
                let mut now = TunnelClient::current_timestamp();
                for i in 0..iterations {
                    if i as usize % BATCH == 0 {
                        now = TunnelClient::current_timestamp();
                    }
                    step(&map, &keys[at], now);
                    at = if at + 1 == clients { 0 } else { at + 1 };
                }
                at as u64
            });
        }
        "two threads, own clients" => by_threads(&map, &keys, 2, false),
        "two threads, one client" => by_threads(&map, &keys, 2, true),
        "memory" => measure::report((resident_bytes() - before) as f64 / clients as f64, ""),
        other => panic!("there is nothing called {other}"),
    }
}

#[inline(always)]
fn step<K: Eq + Hash>(map: &DashMap<K, Arc<TunnelClient>>, key: &K, now: u64) {
    let client = Arc::clone(map.get(black_box(key)).unwrap().value());
    client.set_last_receive_tick_at(now);
    client.update_stats(128, 0, now);
}

/// Nanoseconds of wall time a datagram of all threads together, each over its own share of the keys or all on the first; by
/// each thread's median pass, as in threads.ts.
fn by_threads<K: Copy + Eq + Hash + Send + Sync>(
    map: &DashMap<K, Arc<TunnelClient>>,
    keys: &[K],
    threads: usize,
    same: bool,
) {
    let budget = Duration::from_millis(if measure::is_quick() { 150 } else { 700 });
    let barrier = Barrier::new(threads);
    let rates: f64 = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads)
            .map(|thread| {
                let barrier = &barrier;
                let share = keys.len() / threads;
                let own = if same { &keys[0..1] } else { &keys[thread * share..(thread + 1) * share] };
                scope.spawn(move || {
                    let mut at = 0;
                    barrier.wait();
                    let (mut passes, begun) = (Vec::new(), Instant::now());
                    let mut last = begun;
                    while last - begun < budget {
                        for _ in 0..100 {
                            let now = TunnelClient::current_timestamp();
                            for _ in 0..BATCH {
                                step(map, &own[at], now);
                                at = if at + 1 == own.len() { 0 } else { at + 1 };
                            }
                        }
                        let now = Instant::now();
                        passes.push((now - last).as_nanos());
                        last = now;
                    }
                    passes.sort_unstable();
                    (100 * BATCH) as f64 / passes[passes.len() / 2] as f64
                })
            })
            .collect();
        handles.into_iter().map(|handle| handle.join().unwrap()).sum()
    });
    measure::report(1.0 / rates, &format!("\"threads\":{threads}"));
}

/// The process's resident set, from /proc/self/statm (pages of 4 KiB).
fn resident_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("a Linux /proc");
    statm.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 4096
}
