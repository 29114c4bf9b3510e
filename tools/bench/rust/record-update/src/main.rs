//! The update of a client's record for one datagram, over 1,024 records in turn.
//!
//! - `crate`: udp-relay-core 0.1.0, its second standing still, so that no bandwidth is folded
//! - `crate-constant`: the same with a constant 0 for the bytes sent, where the compiler drops the third `fetch_add`
//! - `atomics`: three relaxed atomic operations on a cache line

use std::hint::black_box;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use udp_relay_core::TunnelClient;

const RECORDS: usize = 1024;

#[repr(align(64))]
#[derive(Default)]
struct Record {
    packets: AtomicU64,
    bytes: AtomicU64,
    seen_ms: AtomicU32,
}

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("crate") => update_clients(|client, now| client.update_stats(black_box(100), black_box(0), now)),
        Some("crate-constant") => update_clients(|client, now| client.update_stats(black_box(100), 0, now)),
        Some("atomics") => {
            let records: Vec<Record> = (0..RECORDS).map(|_| Record::default()).collect();
            measure::measure(|iterations| {
                for i in 0..iterations as usize {
                    let record = black_box(&records[i & (RECORDS - 1)]);
                    record.seen_ms.store(i as u32, Relaxed);
                    record.packets.fetch_add(1, Relaxed);
                    record.bytes.fetch_add(black_box(100), Relaxed);
                }
                records[0].bytes.load(Relaxed) + records[0].packets.load(Relaxed)
            });
        }
        other => panic!("record-update takes crate, crate-constant or atomics, not {other:?}"),
    }
}

fn update_clients(update: impl Fn(&TunnelClient, u64)) {
    let clients: Vec<TunnelClient> = (0..RECORDS).map(|_| TunnelClient::new(30)).collect();
    let now = TunnelClient::current_timestamp();
    measure::measure(|iterations| {
        for i in 0..iterations as usize {
            let client = black_box(&clients[i & (RECORDS - 1)]);
            client.set_last_receive_tick_at(black_box(now));
            update(client, now);
        }
        u64::from(clients[0].is_timed_out())
    });
}
