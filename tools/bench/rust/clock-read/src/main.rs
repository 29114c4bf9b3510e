//! One read of the time by coarsetime, or by the crate that is built on it.

use coarsetime::{Clock, Instant};
use std::hint::black_box;
use udp_relay_core::TunnelClient;

fn main() {
    let operation = std::env::args().nth(1);
    TunnelClient::update_clock();
    measure::measure(|iterations| {
        let mut sum = 0u64;
        match operation.as_deref() {
            Some("coarsetime now") => {
                let origin = Instant::now();
                (0..iterations).for_each(|_| sum = sum.wrapping_add(black_box(Instant::now().duration_since(origin).as_millis())));
            }
            Some("coarsetime recent") => (0..iterations)
                .for_each(|_| sum = sum.wrapping_add(black_box(Clock::recent_since_epoch().as_millis()))),
            Some("current_timestamp") => {
                (0..iterations).for_each(|_| sum = sum.wrapping_add(black_box(TunnelClient::current_timestamp())))
            }
            Some("recent_timestamp") => {
                (0..iterations).for_each(|_| sum = sum.wrapping_add(black_box(TunnelClient::recent_timestamp())))
            }
            other => panic!("clock-read has no {other:?}"),
        }
        sum
    });
}
