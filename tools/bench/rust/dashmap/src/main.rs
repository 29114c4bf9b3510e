//! One operation on a DashMap of 64-bit values: `dashmap OPERATION KEYS ENTRIES HASHER`. Its shards are those that
//! udp-relay-core's `create_dashmap_with_capacity` asks for; the keys are those of tools/bench/src/map/keys.ts.

use dashmap::DashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hash};
use std::hint::black_box;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Barrier;
use std::time::{Duration, Instant};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [operation, kind, entries, hasher] = arguments.as_slice() else {
        panic!("dashmap takes OPERATION KEYS ENTRIES HASHER");
    };
    let entries: usize = entries.parse().expect("ENTRIES is a number");
    match hasher.as_str() {
        "default" => with_hasher(operation, kind, entries, RandomState::new()),
        "ahash" => with_hasher(operation, kind, entries, ahash::RandomState::new()),
        other => panic!("HASHER is default or ahash, not {other}"),
    }
}

fn with_hasher<S: BuildHasher + Clone + Send + Sync>(operation: &str, kind: &str, entries: usize, hasher: S) {
    match kind {
        "u32" => run(operation, entries, hasher, scatter),
        "ipv4" => run(operation, entries, hasher, |i| {
            SocketAddr::from((Ipv4Addr::from(scatter(i)), (1024 + i % 60_000) as u16))
        }),
        "ipv6" => run(operation, entries, hasher, |i| {
            let low = (u128::from(scatter(i)) << 32) | u128::from(scatter(i ^ 0x5555));
            SocketAddr::from((Ipv6Addr::from((0x2001_0db8u128 << 96) | low), (1024 + i % 60_000) as u16))
        }),
        other => panic!("KEYS is u32, ipv4 or ipv6, not {other}"),
    }
}

/// The key of an index: a bijection of u32 that leaves no order.
fn scatter(index: u32) -> u32 {
    let mut x = index.wrapping_mul(0x9e37_79b1) ^ 0x5bd1_e995;
    x ^= x >> 15;
    x.wrapping_mul(0x85eb_ca6b)
}

fn shards() -> usize {
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    (cpus * 4).next_power_of_two().clamp(4, 256)
}

fn run<K, S>(operation: &str, entries: usize, hasher: S, key_of: impl Fn(u32) -> K)
where
    K: Copy + Eq + Hash + Send + Sync,
    S: BuildHasher + Clone + Send + Sync,
{
    let map: DashMap<K, u64, S> = DashMap::with_capacity_and_hasher_and_shard_amount(entries, hasher, shards());
    let keys: Vec<K> = order(entries).into_iter().map(&key_of).collect();
    let absent: Vec<K> = match operation {
        "miss" => order(entries).into_iter().map(|i| key_of(i + entries as u32)).collect(),
        _ => Vec::new(),
    };
    if operation == "insert" || operation == "remove" {
        return fill_and_empty(&map, &keys, operation == "insert");
    }
    for (i, key) in keys.iter().enumerate() {
        // The value leads to the next key, for the dependent lookups.
        map.insert(*key, ((i + 1) % entries) as u64);
    }
    let mut place = 0;
    let mut next = || {
        let at = place;
        place = if at + 1 == entries { 0 } else { at + 1 };
        at
    };
    match operation {
        "hit" => measure::measure(|iterations| {
            let mut sum = 0;
            for _ in 0..iterations {
                sum += *map.get(black_box(&keys[next()])).unwrap();
            }
            sum
        }),
        "miss" => measure::measure(|iterations| {
            let mut sum = 0;
            for _ in 0..iterations {
                sum += u64::from(map.get(black_box(&absent[next()])).is_some());
            }
            sum
        }),
        "mix" => measure::measure(|iterations| {
            let mut sum = 0;
            for i in 0..iterations {
                let at = next();
                match i % 40 {
                    0 => sum += u64::from(map.remove(black_box(&keys[at])).is_some()),
                    20 => {
                        let back = (at + entries - 20) % entries;
                        sum += u64::from(map.insert(black_box(keys[back]), back as u64).is_some());
                    }
                    _ => sum += map.get(black_box(&keys[at])).map_or(0, |value| *value),
                }
            }
            sum
        }),
        "dependent" => {
            let mut at = 0usize;
            measure::measure(|iterations| {
                for _ in 0..iterations {
                    at = *map.get(black_box(&keys[at])).unwrap() as usize;
                }
                at as u64
            });
        }
        "hit by two threads" => by_threads(&map, &keys, 2),
        "hit by one thread" => by_threads(&map, &keys, 1),
        other => panic!("there is no operation {other}"),
    }
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

/// Fills the map and empties it again, and reports the one or the other: the table is as large as it gets.
fn fill_and_empty<K: Copy + Eq + Hash, S: BuildHasher + Clone>(map: &DashMap<K, u64, S>, keys: &[K], report_insert: bool) {
    let budget = Duration::from_millis(if measure::is_quick() { 150 } else { 400 });
    let mut passes: Vec<f64> = Vec::new();
    let begun = Instant::now();
    while passes.len() < 5 || (begun.elapsed() < budget && passes.len() < 2001) {
        let start = Instant::now();
        for (i, key) in keys.iter().enumerate() {
            map.insert(black_box(*key), i as u64);
        }
        let filled = start.elapsed();
        for key in keys {
            black_box(map.remove(black_box(key)));
        }
        let emptied = start.elapsed() - filled;
        let took = if report_insert { filled } else { emptied };
        passes.push(took.as_nanos() as f64 / keys.len() as f64);
    }
    let mut settled = passes.split_off(passes.len() / 3);
    settled.sort_by(f64::total_cmp);
    measure::report(settled[settled.len() / 2], &format!("\"passes\":{}", settled.len()));
}

/// Nanoseconds of wall time a lookup of all threads together, each of them over all keys.
fn by_threads<K: Copy + Eq + Hash + Send + Sync, S: BuildHasher + Clone + Send + Sync>(
    map: &DashMap<K, u64, S>,
    keys: &[K],
    threads: usize,
) {
    let budget = Duration::from_millis(if measure::is_quick() { 100 } else { 500 });
    let barrier = Barrier::new(threads);
    let rates: f64 = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads)
            .map(|thread| {
                let barrier = &barrier;
                scope.spawn(move || {
                    let mut at = thread * keys.len() / threads;
                    let mut sum = 0u64;
                    barrier.wait();
                    let (mut lookups, begun) = (0u64, Instant::now());
                    while begun.elapsed() < budget {
                        for _ in 0..10_000 {
                            sum += *map.get(black_box(&keys[at])).unwrap();
                            at = if at + 1 == keys.len() { 0 } else { at + 1 };
                        }
                        lookups += 10_000;
                    }
                    black_box(sum);
                    lookups as f64 / begun.elapsed().as_nanos() as f64
                })
            })
            .collect();
        handles.into_iter().map(|handle| handle.join().unwrap()).sum()
    });
    measure::report(1.0 / rates, &format!("\"threads\":{threads}"));
}
